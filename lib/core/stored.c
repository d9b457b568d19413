#include "core/stored.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "core/read.h"
#include "stored/image.h"

static enum core_stored
cannot(char why[UNPACK_WHY])
{
	snprintf(why, UNPACK_WHY, "%s", strerror(errno));
	return CORE_STORED_CANNOT;
}

static enum core_stored
from_image(struct core *c, int fd, uint64_t *size, char why[UNPACK_WHY])
{
	enum core_stored st = CORE_STORED_OK;
	enum inflate_status end;
	struct image *image;
	uint64_t at;

	if (image_open(&image, fd) < 0)
		return cannot(why);
	if (core_read_image(c, image, size) < 0) {
		st = cannot(why);
	} else if ((end = image_end(image, &at)) != INFLATE_OK) {
		snprintf(why, UNPACK_WHY, "byte %" PRIu64 ": %s", at, inflate_words(end));
		st = CORE_STORED_DAMAGED;
	}
	image_close(image);
	return st;
}

enum core_stored
core_stored_read(struct core *c, int fd, const char *identity, uint64_t *size, char why[UNPACK_WHY])
{
	enum core_stored st = CORE_STORED_OK;
	struct unpack u;

	if (unpack_open(&u, fd, identity, UNPACK_OURS) != UNPACK_OK) {
		memcpy(why, u.why, UNPACK_WHY);
		return CORE_STORED_CANNOT;
	}
	if (u.count == 0 && io_regular(fd))
		return from_image(c, fd, size, why);
	if (core_read_stream(c, u.fd, -1, size) < 0)
		st = cannot(why);
	if (unpack_end(&u) != UNPACK_OK && st == CORE_STORED_OK) {
		memcpy(why, u.why, UNPACK_WHY);
		st = CORE_STORED_DAMAGED;
	}
	return st;
}
