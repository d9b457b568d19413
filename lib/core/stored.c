#include "core/stored.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/read.h"

enum stored_status
core_stored_read(struct core *c, int fd, const char *identity, uint64_t *size, char why[UNPACK_WHY])
{
	enum stored_status st;
	struct stored s;
	int rc, saved;

	if ((st = stored_open(&s, fd, identity, STORED_IN_ORDER)) != STORED_CANNOT) {
		if (s.image != NULL)
			rc = core_read_image(c, s.image, size);
		else
			rc = core_read_stream(c, s.stream, -1, size);
		saved = errno;
		st = stored_close(&s);
		if (rc < 0) {
			snprintf(why, UNPACK_WHY, "%s", strerror(saved));
			return STORED_CANNOT;
		}
	}
	memcpy(why, s.why, UNPACK_WHY);
	return st;
}
