/* What fault.c and jump.c share. */
#ifndef GZCORE_REASON_FAULT_H
#define GZCORE_REASON_FAULT_H

#include "reason/private.h"

/* A pointer below this was meant to be one that is null. */
#define REASON_NULL 4096

/* A fault: its address, and what the instruction and the mapping there say. */
struct reason_fault_at {
	int has_address;
	uint64_t address;
	int mapped;		/* by the signal, or by the mappings: 1, 0, -1: not known */
	const struct core_map *map;	/* there, or NULL */
	/* the access of the instruction that it was, or NULL */
	const struct reason_access *access;
	enum reason_kind kind;
};

/*
 * Whether an address has bits that no address of x86-64 has: 47 to 63 are the same.  With tables of five levels some
 * of these are addresses, but only programs that ask for them get such.
 */
int reason_no_address(const struct reason_case *k, uint64_t address);

/* The last part of the path of the file that is mapped there, or NULL. */
const char *reason_file_name(const struct reason_case *k, uint64_t address);

/* Code was to be run at f->address, and there is none; returns 1. */
int reason_jump(struct reason_case *k, const struct reason_fault_at *f);

#endif
