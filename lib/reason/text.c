/* The registers, and the code at the pc, as text. */
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "elf/machine_table.h"
#include "reason/decode.h"
#include "reason/reason.h"

/* The bytes before the pc and from it. */
#define BEFORE 16

const char *
reason_registers(const struct core *c, char out[REASON_REGISTERS])
{
	const struct machine *m = machine_find(c->machine);
	const struct register_name *n = m != NULL ? m->names : NULL;
	struct reason_registers r;
	size_t len = 0;

	out[0] = '\0';
	reason_registers_read(&r, c);
	for (; r.has && n != NULL && n->name != NULL; n++)
		if (n->word < r.count && len < REASON_REGISTERS - 32)
			len += (size_t)snprintf(out + len, REASON_REGISTERS - len,
			    "%s%s=0x%" PRIx64, len > 0 ? " " : "", n->name, r.word[n->word]);
	return out;
}

/*
 * Whether the bytes at an address may be shown as code.  Where a wild jump led there may be anything, such as a
 * password; of what is in no mapping of the core, there is code of a file alone.
 */
static int
may_be_code(const struct reason_source *s, uint64_t address)
{
	const struct core_map *m = core_map_at(s->core, address);

	return m == NULL || (m->flags & PF_X) != 0;
}

const char *
reason_code_text(const struct reason_source *s, char out[REASON_CODE_TEXT])
{
	struct reason_registers r;
	uint8_t before[BEFORE], b[REASON_CODE];
	size_t n = 0, m, len = 0;

	out[0] = '\0';
	reason_registers_read(&r, s->core);
	if (!r.has || !may_be_code(s, r.pc) || (m = reason_code_read(s, r.pc, b, sizeof(b))) == 0)
		return out;
	/* As many before and behind it as are there, and are code: a mapping may begin or end between. */
	while (m > 1 && !may_be_code(s, r.pc + m - 1))
		m--;
	for (n = BEFORE; n > 0 && (r.pc < n || !may_be_code(s, r.pc - n) ||
	    reason_code_read(s, r.pc - n, before, n) != n); n--)
		;
	for (size_t i = 0; i < n + m && len < REASON_CODE_TEXT - 8; i++)
		len += (size_t)snprintf(out + len, REASON_CODE_TEXT - len,
		    i == n ? "%s<%02x>" : "%s%02x", i > 0 ? " " : "", i < n ? before[i] : b[i - n]);
	return out;
}
