#include "reason/decode.h"

#include <string.h>

#include "core/threads.h"
#include "elf/layout.h"

enum machine_code
reason_machine(const struct core *c)
{
	const struct machine *m = machine_find(c->machine);

	return m != NULL ? m->code : MACHINE_CODE_OTHER;
}

void
reason_registers_read(struct reason_registers *r, const struct core *c)
{
	const struct core_registers *m = core_registers((uint16_t)c->machine, c->is64);

	memset(r, 0, sizeof(*r));
	if (m == NULL)
		return;
	for (; (r->count + 1) * m->word <= c->registers_len; r->count++)
		r->word[r->count] = core_number(c, c->registers + r->count * m->word, m->word);
	if (r->count <= m->pc || r->count <= m->sp)
		return;
	r->pc = r->word[m->pc];
	r->sp = r->word[m->sp];
	/* No thread has neither: the note was left empty. */
	r->has = r->pc != 0 || r->sp != 0;
}

struct reason_access *
reason_access_add(struct reason_code *d, enum reason_kind kind)
{
	struct reason_access *a = &d->access[d->accesses < 2 ? d->accesses++ : 1];

	*a = (struct reason_access){ .kind = kind };
	return a;
}

void
reason_decode(struct reason_code *d, const struct core *c, const struct reason_registers *r,
    const uint8_t *code, size_t len)
{
	memset(d, 0, sizeof(*d));
	if (!r->has || c->big)
		return;
	switch (reason_machine(c)) {
	case MACHINE_CODE_X86:
		reason_decode_x86(d, r, c->is64, code, len);
		break;
	case MACHINE_CODE_AARCH64:
		/* Its code is little endian always. */
		if (len >= 4)
			reason_decode_aarch64(d, r, (uint32_t)elf_number(code, 4, 0));
		break;
	case MACHINE_CODE_ARM:
		reason_decode_arm(d, r, code, len);
		break;
	case MACHINE_CODE_OTHER:
		break;
	}
}

/* Whether n bytes are a call of x86: e8 with an offset, or ff /2 with its operand. */
static int
is_call_x86(const uint8_t *p, size_t n)
{
	unsigned mod, rm;
	size_t size;

	if (n == 5)
		return p[0] == 0xe8;
	if (n == 3 || n == 4 || n == 7 || n == 8) {
		/* One prefix more may stand there: REX, or cs and notrack. */
		if (((p[0] & 0xf0) == 0x40 || p[0] == 0x3e || p[0] == 0x2e) && p[1] == 0xff)
			return is_call_x86(p + 1, n - 1);
	}
	if (n < 2 || p[0] != 0xff || (p[1] >> 3 & 7) != 2)
		return 0;
	mod = p[1] >> 6;
	rm = p[1] & 7;
	size = mod == 3 ? 2 : 2u + (rm == 4) + (mod == 1 ? 1 : mod == 2 ? 4 :
	    rm == 5 || (rm == 4 && n > 2 && (p[2] & 7) == 5) ? 4 : 0);
	return n == size;
}

int
reason_is_call(const struct core *c, const uint8_t *code, size_t len)
{
	if (reason_machine(c) == MACHINE_CODE_X86)
		return is_call_x86(code, len);
	return len == 4 || (len == 2 && reason_machine(c) == MACHINE_CODE_ARM);
}
