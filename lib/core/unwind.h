/*
 * The note of a small core with what following its stacks and naming their frames takes of the
 * modules' files: core-trim(1) writes it, core-trace(1) reads it.  Its descriptor is a row of
 * records, with numbers in the core's byte order:
 *
 *	4 bytes	kind
 *	4 bytes	length of the rest, before it is padded to a multiple of 4
 *	...	by the kind; addresses are those of the module's file
 *
 * A module's records follow it.
 */
#ifndef GZCORE_CORE_UNWIND_H
#define GZCORE_CORE_UNWIND_H

/* Readers tell notes by their type alone, so nobody else has this one. */
#define CORE_UNWIND_NOTE 0x677a6303u
/* The most bytes of its descriptor. */
#define CORE_UNWIND_MAX (1024u * 1024)

enum core_unwind_kind {
	/*
	 * 8: where the file's first byte is in memory; 4: e_type; 4: 1 when all that the file has
	 * for the addresses on the stacks follows, else 0
	 */
	CORE_UNWIND_MODULE = 1,
	/* a segment of it: 8: p_vaddr; 8: p_memsz; 8: p_align; 4: p_flags; 4: 0 */
	CORE_UNWIND_LOAD,
	/* 8: the first address that it is for; 8: the address of the FDE; its bytes */
	CORE_UNWIND_FDE,
	/* 8: the address of the CIE; its bytes */
	CORE_UNWIND_CIE,
	/* 8: st_value; 8: st_size; 4: st_info; the name */
	CORE_UNWIND_SYMBOL
};

#endif
