#include "trim/memory.h"

size_t
trim_read(const struct trim *t, uint64_t address, void *buf, size_t len)
{
	size_t i = trim_segments_at(&t->segments, address);
	const struct trim_segment *s;
	uint64_t at;
	ssize_t n;

	if (i == SIZE_MAX)
		return 0;
	s = &t->segments.segment[i];
	at = address - s->vaddr;
	if (len > s->filesz - at)
		len = (size_t)(s->filesz - at);
	n = t->memory.read(t->memory.arg, address, s->offset + at, buf, len);
	return n > 0 ? (size_t)n : 0;
}

int
trim_read_word(const struct trim *t, uint64_t address, uint64_t *value)
{
	uint8_t b[8];
	size_t w = trim_word(t);

	if (trim_read(t, address, b, w) != w)
		return -1;
	*value = core_number(t->core, b, w);
	return 0;
}

static ssize_t
read_image(void *arg, uint64_t address, uint64_t offset, void *buf, size_t len)
{
	(void)address;
	return image_read(arg, offset, buf, len);
}

struct trim_memory
trim_memory_image(struct image *i)
{
	return (struct trim_memory){ .source = TRIM_FILE, .read = read_image, .arg = i };
}
