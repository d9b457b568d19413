/* The prefixes, the opcode and the operand in memory: Intel's manual, volume 2, chapter 2. */
#include "reason/x86.h"

#include <string.h>

#include "elf/layout.h"

/* The words of pr_reg by the numbers of the registers in instructions. */
static const uint8_t words_64[] = { 10, 11, 12, 5, 19, 4, 13, 14, 9, 8, 7, 6, 3, 2, 1, 0 };
static const uint8_t words_32[] = { 6, 1, 2, 0, 15, 5, 3, 4 };
enum { FS_BASE = 21, GS_BASE = 22 };
uint64_t
reason_x86_register(const struct reason_x86 *d, unsigned number)
{
	return d->is64 ? d->r->word[words_64[number & 15]] : d->r->word[words_32[number & 7]];
}

uint64_t
reason_x86_wrap(const struct reason_x86 *d, uint64_t address)
{
	return d->is64 ? address : address & UINT32_MAX;
}

int64_t
reason_x86_number(struct reason_x86 *d, size_t n)
{
	uint64_t value;

	if ((size_t)(d->end - d->p) < n) {
		d->p = d->end;
		d->cut = 1;
		return 0;
	}
	value = elf_number(d->p, n, 0);
	d->p += n;
	if (n < 8 && (value >> (8 * n - 1) & 1) != 0)
		value |= UINT64_MAX << (8 * n);
	return (int64_t)value;
}

uint64_t
reason_x86_segment(const struct reason_x86 *d, int *known)
{
	*known = d->segment == 0 || d->is64;
	if (d->segment == 0 || !d->is64)
		return 0;
	return d->r->word[d->segment == 0x64 ? FS_BASE : GS_BASE];
}

/* Takes the base and index of a SIB byte. */
static uint64_t
sib_address(struct reason_x86 *d, unsigned mod, struct reason_access *a)
{
	uint8_t sib = (uint8_t)reason_x86_number(d, 1);
	unsigned index = (sib >> 3 & 7) | (d->rex & 2 ? 8 : 0);
	unsigned base = (sib & 7) | (d->rex & 1 ? 8 : 0);
	uint64_t address = 0;

	if (index != RSP) {
		a->has_index = 1;
		a->index = reason_x86_register(d, index);
		address += a->index << (sib >> 6);
	}
	if ((sib & 7) == RBP && mod == 0)
		return address + (uint64_t)reason_x86_number(d, 4);
	a->has_base = 1;
	a->base = reason_x86_register(d, base);
	a->on_stack = base == RSP;
	return address + a->base;
}

/* Whether a number may follow the operand. */
static int
has_number(const struct reason_x86 *d)
{
	uint8_t o = d->opcode;

	if (d->map == 1)
		return o >= 0x40 && o != 0x63 && (o < 0x84 || o > 0x8e) && (o < 0xd0 || o == 0xf6 ||
		    o == 0xf7);
	return d->map == 4 || (d->map == 2 && ((o >= 0x70 && o <= 0x73) || o == 0xa4 ||
	    o == 0xac || o == 0xba || o == 0xc2 || (o >= 0xc4 && o <= 0xc6)));
}

int
reason_x86_operand(struct reason_x86 *d)
{
	struct reason_access *a = &d->operand;
	unsigned mod, rm;
	uint64_t address = 0;
	int known, relative = 0;

	memset(a, 0, sizeof(*a));
	d->modrm = (uint8_t)reason_x86_number(d, 1);
	if (d->cut)
		return 0;
	mod = d->modrm >> 6;
	rm = d->modrm & 7;
	if (mod == 3)
		return 0;
	if (rm == 4) {
		address = sib_address(d, mod, a);
	} else if (mod == 0 && rm == 5) {
		relative = d->is64;
		address = (uint64_t)reason_x86_number(d, 4);
	} else {
		a->has_base = 1;
		a->in_register = 1;
		a->number = rm | (d->rex & 1 ? 8u : 0u);
		a->base = reason_x86_register(d, a->number);
		address = a->base;
	}
	if (mod == 1)
		address += (uint64_t)reason_x86_number(d, 1);
	else if (mod == 2)
		address += (uint64_t)reason_x86_number(d, 4);
	/* Relative to the end of the instruction, which is here unless a number follows. */
	if (relative)
		address += d->r->pc + (uint64_t)(d->p - d->start);
	address += reason_x86_segment(d, &known);
	a->has_address = known && !(relative && has_number(d)) && !(d->evex && mod == 1);
	if (d->segment != 0)
		a->has_base = 0;
	a->address = reason_x86_wrap(d, address);
	return 1;
}

/* The prefixes of VEX, of 2 or 3 bytes, and of EVEX, of 4; the first byte has been read. */
static int
read_vex(struct reason_x86 *d, uint8_t first)
{
	size_t n = first == 0xc5 ? 1 : first == 0xc4 ? 2 : 3;
	static const uint8_t rep[] = { 0, 0, 0xf3, 0xf2 };
	const uint8_t *p = d->p;
	uint8_t last;

	if ((size_t)(d->end - p) < n || (!d->is64 && (p[0] & 0xc0) != 0xc0))
		return 0;
	d->p += n;
	d->vex = 1;
	d->evex = n == 3;
	last = p[n == 1 ? 0 : 1];
	d->prefix = (last & 3) == 1;
	d->rep = rep[last & 3];
	d->wide = n > 1 && (last & 0x80) != 0;
	d->vector = d->evex ? 16u << (p[2] >> 5 & 3) : last & 4 ? 32 : 16;
	d->map = n == 1 ? 2 : (p[0] & (d->evex ? 7 : 0x1f)) + 1u;
	if (n > 1)
		d->rex = (uint8_t)(((p[0] & 0x20) == 0) | ((p[0] & 0x40) == 0) << 1);
	return d->map >= 2 && d->map <= 4;
}

int
reason_x86_opcode(struct reason_x86 *d)
{
	uint8_t b = 0;

	while (d->p < d->end) {
		b = *d->p++;
		if (b == 0x66)
			d->prefix = 1;
		else if (b == 0xf2 || b == 0xf3)
			d->rep = b;
		else if (b == 0x64 || b == 0x65)
			d->segment = b;
		else if (b != 0x67 && b != 0xf0 && b != 0x2e && b != 0x36 && b != 0x3e && b != 0x26)
			break;
		/* Addresses of half the size: nobody makes them. */
		if (b == 0x67 && !d->is64)
			return 0;
	}
	if (d->is64 && (b & 0xf0) == 0x40) {
		d->rex = b;
		d->wide = (b & 8) != 0;
		if (d->p == d->end)
			return 0;
		b = *d->p++;
	}
	d->map = 1;
	if ((b == 0xc4 || b == 0xc5 || b == 0x62) &&
	    (d->is64 || (d->p < d->end && (*d->p & 0xc0) == 0xc0))) {
		if (!read_vex(d, b))
			return 0;
	} else if (b != 0x0f) {
		d->opcode = b;
		return 1;
	} else {
		d->map = 2;
		if (d->p < d->end && (*d->p == 0x38 || *d->p == 0x3a))
			d->map = *d->p++ == 0x38 ? 3 : 4;
	}
	if (d->p == d->end)
		return 0;
	d->opcode = *d->p++;
	return 1;
}
