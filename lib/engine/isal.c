#ifdef WITH_ISAL

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ops.h"

/* isal_zstream with the buffer that its level wants. */
struct isal {
	struct isal_zstream z;
	uint8_t level_buf[ISAL_DEF_LVL1_DEFAULT];
};

static void *
isal_open(int level)
{
	struct isal *s = malloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	isal_deflate_init(&s->z);
	s->z.level = (uint32_t)level;
	s->z.level_buf = s->level_buf;
	s->z.level_buf_size = sizeof(s->level_buf);
	return s;
}

static size_t
run(struct isal *s, const uint8_t *in, size_t len, uint8_t *out, size_t room, int last)
{
	s->z.next_in = (uint8_t *)(uintptr_t)in;
	s->z.avail_in = (uint32_t)len;
	s->z.next_out = out;
	s->z.avail_out = (uint32_t)room;
	s->z.end_of_stream = (uint16_t)last;
	s->z.flush = last ? NO_FLUSH : SYNC_FLUSH;
	if (isal_deflate(&s->z) != COMP_OK || s->z.avail_in != 0 || s->z.avail_out == 0)
		return 0;
	if (last && s->z.internal_state.state != ZSTATE_END)
		return 0;
	return room - s->z.avail_out;
}

/*
 * Compresses in[len] behind dict[dict_len].  A stream that starts without a dictionary is not the
 * same each time: ISA-L, up to 2.32 at least, hashes a register that still holds the address of its
 * state where it should hash the third byte (.write_first_byte in igzip_icf_body_h1_gr_bt.asm).  So
 * the first byte goes out as a stored block of its own (RFC 1951 section 3.2.4), and is the
 * dictionary of what follows.
 */
static size_t
compress(struct isal *s, const uint8_t *dict, size_t dict_len, const uint8_t *in, size_t len,
    uint8_t *out, size_t room, int last)
{
	const uint8_t first[] = { 0, 1, 0, 0xfe, 0xff, len > 0 ? in[0] : 0 };
	size_t head = 0, body;

	isal_deflate_reset(&s->z);
	if (dict_len == 0 && len > 0) {
		if (room < sizeof(first))
			return 0;
		memcpy(out, first, sizeof(first));
		head = sizeof(first);
		dict = in++;
		dict_len = 1;
		len--;
	}
	if (dict_len > 0 &&
	    isal_deflate_set_dict(&s->z, (uint8_t *)(uintptr_t)dict, (uint32_t)dict_len) != COMP_OK)
		return 0;
	body = run(s, in, len, out + head, room - head, last);
	return body == 0 ? 0 : head + body;
}

static size_t
isal_whole(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	return compress(state, NULL, 0, in, len, out, room, 1);
}

static size_t
isal_part(void *state, const uint8_t *dict, size_t dict_len, const uint8_t *in, size_t len,
    uint8_t *out, size_t room)
{
	return compress(state, dict, dict_len, in, len, out, room, 0);
}

const struct engine_ops engine_isal = { isal_open, free, isal_whole, isal_part };

#endif
