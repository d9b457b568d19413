#include "capture/head.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

/* Bytes that are read at once. */
#define PIECE (64u * 1024)

static int
grow(struct capture_head *h)
{
	size_t room = h->room == 0 ? 4 * PIECE : 2 * h->room;
	uint8_t *bytes;

	if (h->room - h->len >= PIECE)
		return 0;
	if ((bytes = io_buffer(room)) == NULL)
		return -1;
	if (h->len > 0)
		memcpy(bytes, h->bytes, h->len);
	free(h->bytes);
	h->bytes = bytes;
	h->room = room;
	return 0;
}

/* How many bytes are to be read now: none when enough has been seen, or it is no core. */
static size_t
wanted(const struct capture_head *h)
{
	const struct core *c = &h->core;
	uint64_t offset, len, end;

	if (c->bad != NULL || c->resolved || !core_next(c, h->len, &offset, &len))
		return 0;
	end = offset + len;
	if (c->table.len > 0 && c->table.done == c->table.len) {
		/* The core's memory comes next, or all that is looked for has been seen. */
		if (core_head_end(c) == 0 || (c->auxv_len > 0 && c->files.count > 0) ||
		    h->len - c->table.offset - c->table.len > CAPTURE_HEAD)
			return 0;
	}
	return end - h->len < PIECE ? (size_t)(end - h->len) : PIECE;
}

int
capture_head_read(struct capture_head *h, int in)
{
	size_t want;

	memset(h, 0, sizeof(*h));
	core_open(&h->core);
	while ((want = wanted(h)) > 0) {
		ssize_t n;

		if (grow(h) < 0 || (n = io_read_some(in, h->bytes + h->len, want)) < 0)
			return -1;
		if (n == 0)
			break;
		core_show(&h->core, h->len, h->bytes + h->len, (size_t)n);
		h->len += (size_t)n;
	}
	return 0;
}

void
capture_head_close(struct capture_head *h)
{
	core_close(&h->core);
	free(h->bytes);
}
