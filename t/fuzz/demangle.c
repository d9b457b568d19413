/* Fuzz target: names of functions that Rust has mangled, or the C++ library has read: within their bounds. */
#include <stdlib.h>
#include <string.h>

#include "demangle/demangle.h"
#include "target.h"

static void
check_rust(int (*read)(const char *symbol, char *out, size_t len), const char *symbol,
    struct target_draw *draw)
{
	size_t less = (size_t)target_draw(draw, 4000), room = target_draw(draw, 8) == 0 ? 1 :
	    DEMANGLE_LONGEST - less;
	char *out = malloc(room);

	MUST(out != NULL);
	if (read(symbol, out, room))
		MUST(strnlen(out, room) < room);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = target_string(bytes, len);
	struct target_draw draw;

	target_draw_start(&draw, bytes, len);
	check_rust(demangle_rust, text, &draw);
	check_rust(demangle_rust_legacy, text, &draw);
	demangle_shorten(text);
	MUST(strlen(text) <= len);
	free(text);
	return 0;
}
