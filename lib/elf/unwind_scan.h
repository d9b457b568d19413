/* Reading all of .eh_frame, for a file without .eh_frame_hdr, such as musl-gcc(1) makes. */
#ifndef GZCORE_ELF_UNWIND_SCAN_H
#define GZCORE_ELF_UNWIND_SCAN_H

#include "elf/unwind.h"

/* Makes the table of u by reading all of the section .eh_frame.  Returns 0, or -1. */
int elf_unwind_scan(struct elf_unwind *u);

#endif
