/* aarch64, and arm with both sets of instructions, by Arm's Architecture Reference Manuals: loads and stores. */
#include <string.h>

#include "elf/layout.h"
#include "reason/decode.h"

/* Bits [low, low + n) as a number, and as one with a sign. */
static uint32_t
bits(uint32_t insn, unsigned low, unsigned n)
{
	return insn >> low & ((1u << n) - 1);
}

static int64_t
signed_bits(uint32_t insn, unsigned low, unsigned n)
{
	int64_t value = bits(insn, low, n);

	return bits(insn, low + n - 1, 1) ? value - (INT64_C(1) << n) : value;
}

static struct reason_access *
add(struct reason_code *d, enum reason_kind kind, uint64_t base, int64_t offset, int on_stack)
{
	struct reason_access *a = reason_access_add(d, kind);

	a->has_address = a->has_base = 1;
	a->base = base;
	a->address = base + (uint64_t)offset;
	a->on_stack = on_stack;
	return a;
}

/* The offset in a register of a load or store, extended as its instruction says. */
static void
add_index_64(struct reason_access *a, const struct reason_registers *r, uint32_t insn,
    unsigned scale)
{
	unsigned number = bits(insn, 16, 5), option = bits(insn, 13, 3);
	uint64_t index = number == 31 ? 0 : r->word[number];

	if (option == 2)
		index = (uint32_t)index;
	else if (option == 6)
		index = (uint64_t)(int64_t)(int32_t)(uint32_t)index;
	a->has_index = 1;
	a->index = index;
	a->address += index << (bits(insn, 12, 1) ? scale : 0);
}

/* A load or store of one register. */
static void
single_64(struct reason_code *d, const struct reason_registers *r, uint32_t insn)
{
	unsigned size = bits(insn, 30, 2), opc = bits(insn, 22, 2), vector = bits(insn, 26, 1);
	unsigned scale = vector && (opc & 2) ? 4 : size, rn = bits(insn, 5, 5);
	enum reason_kind kind = (vector ? opc & 1 : opc) ? REASON_READ : REASON_WRITE;
	struct reason_access *a;
	int64_t offset = 0;
	int unscaled = !bits(insn, 24, 1) && !bits(insn, 21, 1);

	/* A prefetch does nothing; with these bits 0, it is an atomic one. */
	if (!vector && size == 3 && opc == 2 &&
	    (bits(insn, 24, 1) || !bits(insn, 21, 1) || bits(insn, 10, 2) != 0))
		return;
	if (bits(insn, 24, 1))
		offset = (int64_t)bits(insn, 10, 12) << scale;
	/* 01: the address is changed afterwards. */
	else if (unscaled && bits(insn, 10, 2) != 1)
		offset = signed_bits(insn, 12, 9);
	a = add(d, kind, r->word[rn], offset, rn == 31);
	if (bits(insn, 24, 1) || unscaled)
		return;
	if (bits(insn, 10, 2) == 2) {
		add_index_64(a, r, insn, scale);
	} else if (bits(insn, 10, 2) == 0) {
		/* LDADD and others; LDAPR loads. */
		a->kind = bits(insn, 12, 4) == 0xc ? REASON_READ : REASON_UPDATE;
	} else {
		a->kind = REASON_READ;
		a->has_address = 0;
	}
}

static void
pair_64(struct reason_code *d, const struct reason_registers *r, uint32_t insn)
{
	unsigned opc = bits(insn, 30, 2), rn = bits(insn, 5, 5);
	unsigned scale = bits(insn, 26, 1) ? 2 + opc : opc == 2 ? 3 : 2;
	int64_t offset = signed_bits(insn, 15, 7) * (1 << scale);

	/* 01: the address is changed afterwards. */
	add(d, bits(insn, 22, 1) ? REASON_READ : REASON_WRITE, r->word[rn],
	    bits(insn, 23, 2) == 1 ? 0 : offset, rn == 31);
}

void
reason_decode_aarch64(struct reason_code *d, const struct reason_registers *r, uint32_t insn)
{
	unsigned rn = bits(insn, 5, 5);

	if (r->count < 33)
		return;
	if ((insn & 0xffe0001f) == 0xd4200000) {
		d->special = REASON_BREAKPOINT;
		d->name = "brk";
	} else if (insn >> 16 == 0) {
		d->special = REASON_TRAP;
		d->name = "udf";
	} else if ((insn & 0xfedff000) == 0xd61f0000 || (insn & 0xfefff000) == 0xd63f0000) {
		/* BR and BLR; RET is a branch of its own. */
		d->special = bits(insn, 21, 1) ? REASON_CALL : REASON_JUMP;
		d->has_target = 1;
		d->target = rn == 31 ? 0 : r->word[rn];
	} else if ((insn & 0xfffffc1f) == 0xd65f0000) {
		d->special = REASON_RETURN;
	} else if ((insn & 0xffffffe0) == 0xd50b7420) {
		/* DC ZVA. */
		add(d, REASON_WRITE, bits(insn, 0, 5) == 31 ? 0 : r->word[bits(insn, 0, 5)], 0, 0);
	} else if ((insn & 0x3f000000) == 0x08000000) {
		/* Exclusive and ordered ones; CAS does both. */
		add(d, (insn & 0xa00000) == 0xa00000 ? REASON_UPDATE : bits(insn, 22, 1) ?
		    REASON_READ : REASON_WRITE, r->word[rn], 0, rn == 31);
	} else if ((insn & 0x3b000000) == 0x18000000) {
		if (bits(insn, 30, 2) != 3)
			add(d, REASON_READ, r->pc, signed_bits(insn, 5, 19) * 4, 0)->has_base = 0;
	} else if ((insn & 0x3a000000) == 0x28000000) {
		pair_64(d, r, insn);
	} else if ((insn & 0x3a000000) == 0x38000000) {
		single_64(d, r, insn);
	} else if ((insn & 0xbe000000) == 0x0c000000) {
		add(d, bits(insn, 22, 1) ? REASON_READ : REASON_WRITE, r->word[rn], 0, rn == 31);
	}
	/* Whether an atomic one must be aligned is the processor's choice. */
}

/* With these bits coprocessors' loads and stores are moves of two registers. */
#define MOVES 0x0c400000

/* The second operand of a load or store: a register, shifted. */
static uint32_t
shifted(const struct reason_registers *r, uint32_t insn)
{
	uint32_t value = (uint32_t)r->word[bits(insn, 0, 4)];
	unsigned amount = bits(insn, 7, 5);

	switch (bits(insn, 5, 2)) {
	case 0:
		return value << amount;
	case 1:
		return amount == 0 ? 0 : value >> amount;
	case 2:
		amount = amount == 0 ? 31 : amount;
		return value >> amount | (value >> 31 != 0 ? ~(UINT32_MAX >> amount) : 0);
	}
	return amount == 0 ? value : value >> amount | value << (32 - amount);
}

static struct reason_access *
add_32(struct reason_code *d, const struct reason_registers *r, enum reason_kind kind,
    unsigned rn, int64_t offset)
{
	struct reason_access *a;
	uint64_t base = r->word[rn & 15];

	if ((rn & 15) == 15)
		base = (base & ~UINT64_C(3)) + ((r->word[16] & 32) ? 4 : 8);
	a = add(d, kind, base, offset, (rn & 15) == 13);
	a->address &= UINT32_MAX;
	a->has_base = (rn & 15) != 15;
	return a;
}

/* BX and BLX. */
static void
branch(struct reason_code *d, const struct reason_registers *r, int calls, unsigned number)
{
	d->special = calls ? REASON_CALL : REASON_JUMP;
	d->has_target = 1;
	d->target = r->word[number];
}

static int
popcount(uint32_t list)
{
	int n = 0;

	for (; list != 0; list &= list - 1)
		n++;
	return n;
}

static void
multiple(struct reason_code *d, const struct reason_registers *r, enum reason_kind kind,
    unsigned rn, uint32_t list, int up, int before)
{
	int64_t n = 4 * popcount(list & 0xffff);

	add_32(d, r, kind, rn, up ? (before ? 4 : 0) : before ? -n : 4 - n);
}

static void
word_32(struct reason_code *d, const struct reason_registers *r, uint32_t insn)
{
	enum reason_kind kind = bits(insn, 20, 1) ? REASON_READ : REASON_WRITE;
	unsigned rn = bits(insn, 16, 4);
	int up = bits(insn, 23, 1) != 0, before = bits(insn, 24, 1) != 0;
	struct reason_access *a;
	int64_t offset;

	if ((insn & 0xfff000f0) == 0xe7f000f0) {
		d->special = REASON_TRAP;
		d->name = "udf";
	} else if ((insn & 0xfff000f0) == 0xe1200070) {
		d->special = REASON_BREAKPOINT;
		d->name = "bkpt";
	} else if ((insn & 0x0fffffd0) == 0x012fff10) {
		branch(d, r, bits(insn, 5, 1) != 0, bits(insn, 0, 4));
	} else if ((insn & 0xff100000) == 0xf4000000) {
		add_32(d, r, bits(insn, 21, 1) ? REASON_READ : REASON_WRITE, rn, 0);
	} else if (insn >> 28 == 15) {
		return;
	} else if ((insn & 0x0c000000) == 0x04000000 && (insn & 0x02000010) != 0x02000010) {
		offset = bits(insn, 25, 1) ? (int64_t)shifted(r, insn) : (int64_t)bits(insn, 0, 12);
		a = add_32(d, r, kind, rn, !before ? 0 : up ? offset : -offset);
		if (bits(insn, 25, 1)) {
			a->has_index = 1;
			a->index = r->word[bits(insn, 0, 4)];
		}
	} else if ((insn & 0x0e000000) == 0x08000000) {
		multiple(d, r, kind, rn, insn, up, before);
	} else if ((insn & 0x0f8000f0) == 0x01800090) {
		add_32(d, r, kind, rn, 0)->aligned = 4u >> (bits(insn, 22, 1) ? 2 : 0);
	} else if ((insn & 0x0e000090) == 0x00000090 && (insn & 0x60) != 0) {
		/* Without L, LDRD is the only load. */
		if (!bits(insn, 20, 1) && bits(insn, 5, 2) == 2)
			kind = REASON_READ;
		offset = bits(insn, 22, 1) ? (int64_t)(bits(insn, 8, 4) << 4 | bits(insn, 0, 4)) :
		    (int64_t)(uint32_t)r->word[bits(insn, 0, 4)];
		add_32(d, r, kind, rn, !before ? 0 : up ? offset : -offset);
	} else if ((insn & 0x0e000000) == 0x0c000000 && (insn & 0x0fe00000) != MOVES) {
		offset = (int64_t)bits(insn, 0, 8) * 4;
		add_32(d, r, kind, rn, before ? (up ? offset : -offset) : 0);
	}
}

/* Thumb instructions of 16 bits. */
static void
thumb(struct reason_code *d, const struct reason_registers *r, uint32_t insn)
{
	static const char by_register[] = "wwwrrrrr";
	unsigned rn = bits(insn, 3, 3), imm = bits(insn, 6, 5), top = insn >> 11;
	enum reason_kind kind = top & 1 ? REASON_READ : REASON_WRITE;

	if (insn >> 8 == 0xde) {
		d->special = REASON_TRAP;
		d->name = "udf";
	} else if (insn >> 8 == 0xbe) {
		d->special = REASON_BREAKPOINT;
		d->name = "bkpt";
	} else if (insn >> 8 == 0x47) {
		branch(d, r, bits(insn, 7, 1) != 0, bits(insn, 3, 4));
	} else if (top == 9) {
		add_32(d, r, REASON_READ, 15, (int64_t)bits(insn, 0, 8) * 4);
	} else if (insn >> 12 == 5) {
		add_32(d, r, by_register[bits(insn, 9, 3)] == 'w' ? REASON_WRITE : REASON_READ, rn,
		    (int64_t)r->word[bits(insn, 6, 3)])->has_index = 1;
		d->access[0].index = r->word[bits(insn, 6, 3)];
	} else if (insn >> 12 >= 6 && insn >> 12 <= 8) {
		add_32(d, r, kind, rn, (int64_t)imm << (insn >> 12 == 6 ? 2 : insn >> 12 == 8));
	} else if (insn >> 12 == 9) {
		add_32(d, r, kind, 13, (int64_t)bits(insn, 0, 8) * 4);
	} else if ((insn & 0xfe00) == 0xb400) {
		multiple(d, r, REASON_WRITE, 13, bits(insn, 0, 9), 0, 1);
	} else if ((insn & 0xfe00) == 0xbc00) {
		multiple(d, r, REASON_READ, 13, bits(insn, 0, 9), 1, 0);
	} else if (insn >> 12 == 0xc) {
		multiple(d, r, kind, bits(insn, 8, 3), bits(insn, 0, 8), 1, 0);
	}
}

/* Those of 32 bits, the first half in the upper 16. */
static void
thumb_wide(struct reason_code *d, const struct reason_registers *r, uint32_t insn)
{
	enum reason_kind kind = bits(insn, 20, 1) ? REASON_READ : REASON_WRITE;
	unsigned rn = bits(insn, 16, 4);
	int up = bits(insn, 23, 1) != 0, before = bits(insn, 24, 1) != 0;
	int64_t imm = bits(insn, 0, 8);

	if ((insn & 0xfff0f000) == 0xf7f0a000) {
		d->special = REASON_TRAP;
		d->name = "udf";
	} else if ((insn & 0xff100000) == 0xf9000000) {
		add_32(d, r, bits(insn, 21, 1) ? REASON_READ : REASON_WRITE, rn, 0);
	} else if ((insn & 0xfe400000) == 0xe8000000) {
		multiple(d, r, kind, rn, insn, up, before);
	} else if ((insn & 0xfe400000) == 0xe8400000) {
		/* Two words; or exclusive ones, of which only those of a word have an offset, and the tables of TBB. */
		if ((insn & 0xffe00000) == 0xe8400000)
			add_32(d, r, kind, rn, 4 * imm);
		else
			add_32(d, r, kind, rn, !before ? 0 : up ? 4 * imm : -4 * imm)->has_address =
			    (insn & 0xfff0ffe0) != 0xe8d0f000;
	} else if ((insn & 0xee000000) == 0xec000000 && (insn & 0x0fe00000) != MOVES) {
		add_32(d, r, kind, rn, before ? (up ? 4 * imm : -4 * imm) : 0);
	} else if ((insn & 0xfe000000) == 0xf8000000) {
		struct reason_access *a;

		/* 12 bits upwards, or 8 with a sign, or a register shifted by up to 3. */
		if (up || rn == 15) {
			imm = bits(insn, 0, 12);
			add_32(d, r, kind, rn, up ? imm : -imm);
		} else if (bits(insn, 11, 1)) {
			imm = !bits(insn, 10, 1) ? 0 : bits(insn, 9, 1) ? imm : -imm;
			add_32(d, r, kind, rn, imm);
		} else {
			uint64_t index = r->word[bits(insn, 0, 4)];

			a = add_32(d, r, kind, rn, (int64_t)(index << bits(insn, 4, 2)));
			a->has_index = 1;
			a->index = index;
		}
	}
}

void
reason_decode_arm(struct reason_code *d, const struct reason_registers *r, const uint8_t *code,
    size_t len)
{
	uint32_t half;

	if (r->count < 17)
		return;
	if ((r->word[16] & 32) == 0) {
		if (len >= 4)
			word_32(d, r, (uint32_t)elf_number(code, 4, 0));
		return;
	}
	if (len < 2)
		return;
	half = (uint32_t)elf_number(code, 2, 0);
	if (half >> 11 < 0x1d)
		thumb(d, r, half);
	else if (len >= 4)
		thumb_wide(d, r, half << 16 | (uint32_t)elf_number(code + 2, 2, 0));
}
