#include "kept/servers.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/number.h"

static const char urls[] = "DEBUGINFOD_URLS", timeout[] = "DEBUGINFOD_TIMEOUT";

void
servers_bound(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", TRACE_SERVERS_SECONDS);
	setenv(timeout, text, 0);
	/* elfutils would ask it twice more, and wait as long each time. */
	setenv("DEBUGINFOD_RETRY_LIMIT", "0", 0);
}

int
servers_end(int64_t began)
{
	const char *text = getenv(timeout);
	uint64_t seconds;

	/* A timeout of 0 means no limit, so no server was given up. */
	if (text == NULL || getenv(urls) == NULL ||
	    number_parse(text, 1, 1000000, &seconds) < 0 ||
	    now_ms() - began < (int64_t)seconds * 1000)
		return 0;
	unsetenv(urls);
	return 1;
}
