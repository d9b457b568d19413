/* decode - says what the decoders of lib/reason make of instructions: a line of hexadecimal each, for decode.py */
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf/layout.h"
#include "reason/decode.h"

/* Each register has a value of its own, by its word, which decode.py knows too. */
static void
fill(struct reason_registers *r, unsigned machine)
{
	r->has = 1;
	r->count = machine == EM_X86_64 ? 27 : machine == EM_AARCH64 ? 34 : 17;
	for (unsigned i = 0; i < r->count; i++)
		r->word[i] = (uint64_t)0x1000000 * (i + 1);
	/* arm's status: bit 5 is for Thumb. */
	if (machine == EM_ARM)
		r->word[16] = 0;
}

int
main(int argc, char **argv)
{
	unsigned machine = argc < 2 ? 0 : (unsigned)strtoul(argv[1], NULL, 10);
	struct core c = { .machine = machine, .is64 = machine != EM_ARM };
	struct reason_registers r = { .count = 0 };
	char line[256];

	fill(&r, machine);
	if (argc > 2)
		r.word[16] |= 32;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		uint8_t b[REASON_CODE];
		struct reason_code d;
		unsigned value;
		int n = 0, read;

		memset(b, 0x90, sizeof(b));
		for (char *p = line; n < REASON_CODE && sscanf(p, "%2x%n", &value, &read) == 1; p += read)
			b[n++] = (uint8_t)value;
		reason_decode(&d, &c, &r, b, sizeof(b));
		printf("%zu %d %d %" PRIx64 " %d\n", d.accesses, d.accesses > 0 ? (int)d.access[0].kind : 0,
		    d.accesses > 0 && d.access[0].has_address, d.accesses > 0 ? d.access[0].address : 0,
		    (int)d.special);
	}
	return 0;
}
