/*
 * What the fuzz targets share.  A target is a file with LLVMFuzzerTestOneInput: libFuzzer calls it with inputs that it
 * makes up, once.c with those of files.  It ends with abort(3) when a result is wrong, so that a wrong answer is found
 * as a crash is.
 */
#ifndef T_FUZZ_TARGET_H
#define T_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What has to hold, whatever the input is. */
#define MUST(what) ((what) ? (void)0 : target_fail(__FILE__, __LINE__, #what))
void target_fail(const char *file, int line, const char *what) __attribute__((noreturn));

/* A file without a name that has these bytes, from its start; the caller closes it with target_close. */
int target_file(const uint8_t *bytes, size_t len);
void target_close(int fd);

/* All bytes of a file, from its start; the caller frees them. */
uint8_t *target_bytes(int fd, size_t *len);

/*
 * Numbers below n that follow from the input, so that the same input is always used in the same way: for options,
 * offsets and lengths.
 */
struct target_draw {
	uint64_t state;
};
void target_draw_start(struct target_draw *d, const uint8_t *bytes, size_t len);
uint64_t target_draw(struct target_draw *d, uint64_t n);

/* The bytes with a NUL behind them; the caller frees it. */
char *target_string(const uint8_t *bytes, size_t len);

/* Text that is given piece by piece: put for the library's functions that have one; the caller frees it. */
struct target_text {
	char *text;		/* terminated, or NULL: nothing came */
	size_t len;
};
int target_put(void *text, const char *piece, size_t len);

/* Whether text[len] is one JSON value (RFC 8259) in valid UTF-8. */
int target_json(const char *text, size_t len);

#endif
