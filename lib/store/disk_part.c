#define _GNU_SOURCE
#include "store/disk_part.h"

#include <string.h>
#include <sys/statvfs.h>

#include "base/number.h"

/* The longest text: two sizes of 20 bytes, a percentage, and commas. */
#define TEXT 64

static int
parse_percent(struct disk_part *p, char *word)
{
	uint64_t n;

	word[strlen(word) - 1] = '\0';
	if (p->percent != 0 || number_parse(word, 1, 100, &n) < 0)
		return -1;
	p->percent = (unsigned)n;
	return 0;
}

int
disk_part_parse(struct disk_part *p, const char *text, uint64_t min)
{
	char copy[TEXT], *rest = copy, *word;
	int words = 0, behind = 0;

	*p = (struct disk_part){ .most = INT64_MAX };
	if (strlen(text) >= sizeof(copy))
		return -1;
	strcpy(copy, text);
	for (; (word = strsep(&rest, ",")) != NULL; words++) {
		size_t n = strlen(word);
		/* What stands before the percentage is the least, what stands behind it the most. */
		uint64_t *size = p->percent != 0 ? &p->most : &p->least;

		if (n > 0 && word[n - 1] == '%') {
			if (words > 1 || parse_percent(p, word) < 0)
				return -1;
			continue;
		}
		behind += p->percent != 0;
		if (number_size(word, min, INT64_MAX, size) < 0)
			return -1;
	}
	if (behind > 1 || (words > 1 && p->percent == 0))
		return -1;
	if (p->percent == 0)
		p->most = p->least;
	return p->least <= p->most ? 0 : -1;
}

static uint64_t
part_of(const struct disk_part *p, const struct statvfs *fs)
{
	/* Some virtual file systems say what they like. */
	uint64_t n = fs->f_frsize > 0 && fs->f_blocks > INT64_MAX / fs->f_frsize ? INT64_MAX :
	    (uint64_t)fs->f_blocks * fs->f_frsize;

	n = n / 100 * p->percent;
	return n < p->least ? p->least : n > p->most ? p->most : n;
}

uint64_t
disk_part_bytes(const struct disk_part *p, int fd)
{
	struct statvfs fs;

	if (p->percent == 0)
		return p->most;
	return fstatvfs(fd, &fs) < 0 ? p->least : part_of(p, &fs);
}

uint64_t
disk_part_bytes_of(const struct disk_part *p, const char *path)
{
	struct statvfs fs;

	if (p->percent == 0)
		return p->most;
	return statvfs(path, &fs) < 0 ? p->least : part_of(p, &fs);
}
