/*
 * x86 of 32 and 64 bits, by the opcode maps of Intel's manual (volume 2, appendix A): for each opcode a letter that
 * says what it does with its operand in memory.
 */
#include "reason/x86.h"

#include <string.h>

#include "elf/layout.h"

/* Words of pr_reg that are needed. */
enum { WORDS_64 = 23, WORDS_32 = 16 };

/*
 * r reads, w writes, u does both, n has an operand of which no memory is touched, . has none.  On the stack: p pushes,
 * o pops, l as leave does, c calls, t returns.  b is a breakpoint, x is privileged, i an interrupt, U undefined for
 * ever, s a string operation, m and M have the address behind them and read or write, y is xlat, f of the x87; g, G
 * and h are the groups 1, 3, and 4 and 5.
 */
static const char one_byte[] =
    "uurr..pouurr..p." "uurr..pouurr..po" "uurr....uurr...." "uurr....rrrr...."
    "................" "ppppppppoooooooo" "porr....prprxxxx" "................"
    "ggggrruuwwrrwnrw" "............po.." "mmMMssss..ssssss" "................"
    "uuttrrwwplttbi.x" "uuuu...yffffffff" "....xxxxc...xxxx" ".b..x.GG..xx..hh";

/*
 * After 0f.  Where the address must be aligned: A and W always, a with no prefix or 66, q, v and V with 66; A, a, q and
 * v read, W and V write.  z is movd, k group 15, e group 8, d group 9.
 */
static const char two_bytes[] =
    "nnrr..xxxx.U.n.r" "rwrwaarwnnnnnnnn" "xxxx....AWrWrrrr" "x.xx.x.........."
    "rrrrrrrrrrrrrrrr" "naaaaaaaaaraaaaa" "qqqqqqqqqqqqqqrv" "qnnnqqq.nn..qqzV"
    "................" "wwwwwwwwwwwwwwww" "po.ruu..po.uuukr" "uururrrrrUeurrrr"
    "uuawrnad........" "qqqqqqwnqqqqqqqq" "qqqqqqrVqqqqqqqq" "rqqqqqqnqqqqqqqU";

static void
add(struct reason_x86 *d, enum reason_kind kind, unsigned aligned)
{
	struct reason_access *a = reason_access_add(d->out, kind);

	*a = d->operand;
	a->kind = kind;
	a->aligned = aligned;
}

static void
add_at(struct reason_x86 *d, enum reason_kind kind, unsigned number, int64_t offset, int on_stack)
{
	struct reason_access *a = reason_access_add(d->out, kind);

	a->has_address = a->has_base = 1;
	a->base = reason_x86_register(d, number);
	a->address = reason_x86_wrap(d, a->base + (uint64_t)offset);
	a->on_stack = on_stack;
}

static void
push(struct reason_x86 *d)
{
	add_at(d, REASON_WRITE, RSP, -(int64_t)elf_word_size(d->is64), 1);
}

static void
special(struct reason_x86 *d, enum reason_special what, const char *name)
{
	d->out->special = what;
	d->out->name = name;
}

/* movs, cmps, stos, lods and scas; cmps and movs read what rsi leads to. */
static void
string(struct reason_x86 *d)
{
	unsigned kind = d->opcode & 0xe;

	if (kind == 4 || kind == 6 || kind == 0xc)
		add_at(d, REASON_READ, RSI, 0, 0);
	if (kind != 0xc)
		add_at(d, kind == 4 || kind == 0xa ? REASON_WRITE : REASON_READ, RDI, 0, 0);
}

/* Loads and arithmetic read; stores are of d9, db, dd and df. */
static void
x87(struct reason_x86 *d)
{
	static const char of[8][9] = { "rrrrrrrr", "r.wwrrww", "rrrrrrrr", "rwww.r.w", "rrrrrrrr",
		"rwwwr.ww", "rrrrrrrr", "rwwwrrww" };
	char what;

	if (!reason_x86_operand(d))
		return;
	what = of[d->opcode & 7][d->modrm >> 3 & 7];
	if (what != '.')
		add(d, what == 'w' ? REASON_WRITE : REASON_READ, 0);
}

/* test, not, neg, mul, imul, div, idiv. */
static void
group3(struct reason_x86 *d)
{
	int in_memory = reason_x86_operand(d);
	unsigned what = d->modrm >> 3 & 7;
	unsigned size = d->opcode == 0xf6 ? 1 : d->wide ? 8 : d->prefix ? 2 : 4;
	uint64_t value;

	if (in_memory)
		add(d, what == 2 || what == 3 ? REASON_UPDATE : REASON_READ, 0);
	if (what < 6)
		return;
	special(d, REASON_DIVIDE, NULL);
	d->out->is_signed = what == 7;
	d->out->divisor_size = size;
	if (in_memory)
		return;
	/* Without REX, 4 to 7 of a byte are the second bytes of the first four. */
	if (size == 1 && d->rex == 0 && (d->modrm & 7) >= 4)
		value = reason_x86_register(d, d->modrm & 3) >> 8;
	else
		value = reason_x86_register(d, (d->modrm & 7) | (d->rex & 1 ? 8u : 0u));
	d->out->has_divisor = 1;
	d->out->divisor = size == 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

/* inc, dec, call, jmp, push. */
static void
group5(struct reason_x86 *d)
{
	int in_memory = reason_x86_operand(d);
	unsigned what = d->modrm >> 3 & 7;

	if (what == 2 || what == 4)
		special(d, what == 2 ? REASON_CALL : REASON_JUMP, NULL);
	if (in_memory)
		add(d, what < 2 ? REASON_UPDATE : REASON_READ, 0);
	else if (what == 2 || what == 4) {
		d->out->has_target = 1;
		d->out->target = reason_x86_register(d, (d->modrm & 7) | (d->rex & 1 ? 8u : 0u));
	}
	if (what == 2 || what == 3 || what == 6)
		push(d);
}

/* Saving and restoring state, fences. */
static void
group15(struct reason_x86 *d)
{
	static const char what[] = "wrrwwrw.";
	char k;

	if (!reason_x86_operand(d))
		return;
	k = what[d->modrm >> 3 & 7];
	if (k != '.')
		add(d, k == 'w' ? REASON_WRITE : REASON_READ, (d->modrm >> 3 & 7) < 2 ? 16 : 0);
}

static void
offset_behind(struct reason_x86 *d, enum reason_kind kind)
{
	uint64_t address = (uint64_t)reason_x86_number(d, elf_word_size(d->is64));
	int known;

	d->operand = (struct reason_access){ .has_address = 1 };
	d->operand.address = reason_x86_wrap(d, address + reason_x86_segment(d, &known));
	d->operand.has_address = known;
	add(d, kind, 0);
}

static void
privileged(struct reason_x86 *d)
{
	special(d, REASON_PRIVILEGED, d->map > 1 ? NULL : d->opcode == 0xf4 ? "hlt" :
	    d->opcode == 0xfa ? "cli" : d->opcode == 0xfb ? "sti" :
	    (d->opcode & 0xf4) == 0xe4 ? "in or out" : NULL);
}

static void
decode_one(struct reason_x86 *d)
{
	char what = one_byte[d->opcode];

	switch (what) {
	case 'p':
		push(d);
		break;
	case 'o':
		add_at(d, REASON_READ, RSP, 0, 1);
		break;
	case 'l':
		add_at(d, REASON_READ, RBP, 0, 1);
		break;
	case 'c':
		special(d, REASON_CALL, NULL);
		push(d);
		break;
	case 't':
		special(d, REASON_RETURN, NULL);
		add_at(d, REASON_READ, RSP, 0, 1);
		break;
	case 'b':
		special(d, REASON_BREAKPOINT, "int3");
		break;
	case 'i':
		special(d, REASON_PRIVILEGED, "int");
		break;
	case 'x':
		privileged(d);
		break;
	case 's':
		string(d);
		break;
	case 'm':
	case 'M':
		offset_behind(d, what == 'm' ? REASON_READ : REASON_WRITE);
		break;
	case 'y':
		add_at(d, REASON_READ, RBX, (int64_t)(reason_x86_register(d, RAX) & 0xff), 0);
		break;
	case 'f':
		x87(d);
		break;
	case 'G':
		group3(d);
		break;
	case 'h':
		group5(d);
		break;
	case '.':
		break;
	default:
		if (!reason_x86_operand(d) || what == 'n')
			break;
		/* 8f with another number is AMD's XOP. */
		if (d->opcode == 0x8f && (d->modrm & 0x38) != 0)
			break;
		if (what == 'g')
			what = (d->modrm >> 3 & 7) == 7 ? 'r' : 'u';
		add(d, what == 'r' ? REASON_READ : what == 'w' ? REASON_WRITE : REASON_UPDATE, 0);
	}
}

/* The multiple that an address must be of for a letter of two_bytes. */
static unsigned
alignment(const struct reason_x86 *d, char what)
{
	if (what == 'A' || what == 'W')
		return d->vex ? d->vector : d->rep == 0 || d->opcode == 0x2b ? 16 : 0;
	if (what == 'v' || what == 'V')
		return !d->prefix ? 0 : d->vex ? d->vector : 16;
	if (d->vex || d->rep != 0)
		return 0;
	return what == 'a' || (what == 'q' && d->prefix) ? 16 : 0;
}

static void
decode_two(struct reason_x86 *d)
{
	char what = two_bytes[d->opcode];

	switch (what) {
	case '.':
		return;
	case 'p':
		push(d);
		return;
	case 'o':
		add_at(d, REASON_READ, RSP, 0, 1);
		return;
	case 'x':
		privileged(d);
		return;
	case 'U':
		/* Compilers make ud2, and ud1 for what a sanitizer finds, but not 0f ff. */
		if (d->opcode != 0xff)
			special(d, REASON_TRAP, d->opcode == 0x0b ? "ud2" : "ud1");
		return;
	case 'k':
		group15(d);
		return;
	}
	if (!reason_x86_operand(d) || what == 'n')
		return;
	if (what == 'e')
		what = (d->modrm >> 3 & 7) == 4 ? 'r' : 'u';
	else if (what == 'd')
		what = 'u';
	else if (what == 'z')
		what = d->rep == 0xf3 ? 'r' : 'w';
	add(d, strchr("wWV", what) != NULL ? REASON_WRITE : what == 'u' ? REASON_UPDATE :
	    REASON_READ, alignment(d, what));
}

static void
decode_three(struct reason_x86 *d)
{
	/* Those that store; all others read. */
	static const uint8_t stores_38[] = { 0x2e, 0x2f, 0x8a, 0x8b, 0x8e, 0xa0, 0xa1, 0xa2, 0xa3,
		0xf9 };
	static const uint8_t stores_3a[] = { 0x14, 0x15, 0x16, 0x17, 0x19, 0x1b, 0x1d, 0x39, 0x3b };
	const uint8_t *stores = d->map == 3 ? stores_38 : stores_3a;
	size_t n = d->map == 3 ? sizeof(stores_38) : sizeof(stores_3a);

	if (!reason_x86_operand(d))
		return;
	add(d, memchr(stores, d->opcode, n) != NULL ||
	    (d->map == 3 && d->opcode == 0xf1 && d->rep != 0xf2) ? REASON_WRITE : REASON_READ, 0);
	/* The index is a vector. */
	if (d->vex && d->map == 3 && (d->opcode >> 4 == 9 || d->opcode >> 4 == 0xa) &&
	    (d->opcode & 0xf) < 4)
		d->out->access[0].has_address = 0;
}

void
reason_decode_x86(struct reason_code *out, const struct reason_registers *r, int is64,
    const uint8_t *code, size_t len)
{
	struct reason_x86 d = { .out = out, .r = r, .is64 = is64, .start = code, .p = code,
		.end = code + (len < REASON_CODE ? len : REASON_CODE) };

	if (r->count < (is64 ? WORDS_64 : WORDS_32) || !reason_x86_opcode(&d))
		return;
	if (d.map == 1)
		decode_one(&d);
	else if (d.map == 2)
		decode_two(&d);
	else
		decode_three(&d);
	/* An instruction that is cut has no operand. */
	if (d.cut)
		for (size_t i = 0; i < out->accesses; i++)
			out->access[i].has_address = 0;
}
