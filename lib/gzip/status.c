#include "gzip/status.h"

#include <inttypes.h>
#include <stdio.h>

#include "gzip/inflate.h"

const char *
inflate_words(enum inflate_status status)
{
	switch (status) {
	case INFLATE_OK:
		return "no error";
	case INFLATE_TRAILING:
		return "what follows is neither zeros nor a member: left out";
	case INFLATE_LOST:
		return "damaged members replaced by zeros";
	case INFLATE_UNKNOWN:
		return "not everything could be verified, see above";
	case INFLATE_EMPTY:
		return "empty input";
	case INFLATE_FORMAT:
		return "neither gzip nor zlib data";
	case INFLATE_CUT:
		return "cut short: the input ends inside a member";
	case INFLATE_HEAD:
		return "damaged header";
	case INFLATE_DATA:
		return "damaged data";
	case INFLATE_CHECK:
		return "damaged data: the checksum does not match";
	case INFLATE_LENGTH:
		return "damaged: the size in the trailer does not match";
	case INFLATE_SHORT:
		return "the data ends before the range does";
	case INFLATE_READ:
		return "read";
	case INFLATE_WRITE:
		return "write";
	case INFLATE_MEMORY:
		return "out of memory";
	}
	return "unknown error";
}

const char *
inflate_lost_words(char words[INFLATE_LOST_WORDS], const struct inflate_lost *l)
{
	int n = snprintf(words, INFLATE_LOST_WORDS, "byte %" PRIu64 ": ", l->at);
	char *to = words + n;
	size_t room = INFLATE_LOST_WORDS - (size_t)n;

	switch (l->kind) {
	case INFLATE_LOST_NOTHING:
		snprintf(to, room,
		    "damaged member: its data, from %" PRIu64 ", is whole all the same",
		l->data_offset);
		break;
	case INFLATE_LOST_KNOWN:
		snprintf(to, room, "lost: data bytes %" PRIu64 " to %" PRIu64 " are zeros instead",
		    l->data_offset, l->data_offset + l->len - 1);
		break;
	case INFLATE_LOST_UNKNOWN:
		n = snprintf(to, room, "data lost from offset %" PRIu64 " on: ", l->data_offset);
		if (n < 0 || (size_t)n >= room)
			break;
		if (l->least > 0)
			snprintf(to + n, room - (size_t)n,
			    "at least %" PRIu64 " bytes, perhaps more", l->least);
		else
			snprintf(to + n, room - (size_t)n, "amount unknown");
		break;
	case INFLATE_LOST_PERHAPS:
		snprintf(to, room,
		    "no member header here: data may be missing from offset %" PRIu64 " on",
		l->data_offset);
		break;
	}
	return words;
}
