/*
 * The debug file of a stripped ELF file, by its section .gnu_debuglink: gdb's manual, Separate
 * Debug Files.
 */
#ifndef GZCORE_ELF_DEBUG_FILE_H
#define GZCORE_ELF_DEBUG_FILE_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Opens the debug file that fd, the file of that path, names: beside it, in .debug beside it, or
 * below /usr/lib/debug; its CRC-32 is checked.  Returns a descriptor, which the caller closes, or
 * -1 when there is none.
 */
int elf_debug_open(int fd, const char *path);

#ifdef __cplusplus
}
#endif

#endif
