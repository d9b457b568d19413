#include "crash/kernel_words.h"

#include <stddef.h>
#include <string.h>

#include "base/number.h"

enum form { NUMBER, DESCRIPTOR, PROCESS, DIGITS, TEXT };

static const struct {
	char letter;
	enum form form;
	size_t offset;
} letters[] = {
	{ 'c', DIGITS, offsetof(struct kernel_words, limit) },
	{ 'd', DIGITS, offsetof(struct kernel_words, dumpable) },
	{ 'e', TEXT, offsetof(struct kernel_words, comm) },
	{ 'F', DESCRIPTOR, offsetof(struct kernel_words, pidfd) },
	{ 'g', DIGITS, offsetof(struct kernel_words, gid) },
	{ 'h', TEXT, offsetof(struct kernel_words, host) },
	{ 'I', PROCESS, offsetof(struct kernel_words, tid) },
	{ 'P', PROCESS, offsetof(struct kernel_words, pid) },
	{ 's', DIGITS, offsetof(struct kernel_words, signal) },
	{ 't', DIGITS, offsetof(struct kernel_words, epoch) },
	{ 'u', NUMBER, offsetof(struct kernel_words, uid) },
};

static int
fits(const char *text, enum form form)
{
	uint64_t n;

	if (form == TEXT)
		return 1;
	if (form == DIGITS)
		return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
	/*
	 * A process has no number 0: the kernel says 0 of one in a PID namespace that it cannot
	 * see.
	 */
	return (text[0] != '0' || text[1] == '\0') &&
	    number_parse(text, form == PROCESS, form == NUMBER ? UINT32_MAX : INT32_MAX,
	    &n) == 0;
}

/*
 * Before Linux 5.3 a host's name with blanks comes as several words, behind all that are numbers: the
 * first of a letter is the kernel's.
 */
void
kernel_words_read(struct kernel_words *w, char **words)
{
	*w = (struct kernel_words){ "", "", "", "", "", "", "", "", "", "", "" };
	for (; *words != NULL; words++) {
		for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++) {
			const char **word = (const char **)((char *)w + letters[i].offset);

			if (**words == letters[i].letter && **word == '\0' &&
			    fits(*words + 1, letters[i].form))
				*word = *words + 1;
		}
		if (**words == 'e')
			break;
	}
}

uint32_t
kernel_words_number(const char *text)
{
	uint64_t n;

	return number_parse(text, 0, UINT32_MAX, &n) == 0 ? (uint32_t)n : 0;
}
