#include "base/progress.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/io.h"

#define SECOND 1000000000u

void
progress_start(struct progress *p, int terminal)
{
	p->terminal = terminal;
	p->start = p->shown = now_ns();
}

static const char *
amount(char *buf, size_t size, double n)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	size_t i = 0;

	for (; n >= 1000 && i + 1 < sizeof(units) / sizeof(*units); i++)
		n /= 1000;
	snprintf(buf, size, "%.*f %s", i == 0 ? 0 : 1, n, units[i]);
	return buf;
}

const char *
progress_line(struct progress *p, uint64_t in, uint64_t out)
{
	double seconds = (double)(now_ns() - p->start) / SECOND;
	uint64_t most = in > out ? in : out, least = in > out ? out : in;
	char a[24], b[24], c[24];

	if (seconds <= 0)
		seconds = 1.0 / SECOND;
	snprintf(p->line, sizeof(p->line), "%s in, %s out, %.1f %%, %s/s",
	    amount(a, sizeof(a), (double)in), amount(b, sizeof(b), (double)out),
	    most == 0 ? 0.0 : 100.0 * (double)least / (double)most,
	    amount(c, sizeof(c), (double)most / seconds));
	return p->line;
}

const char *
progress_due(struct progress *p, uint64_t in, uint64_t out)
{
	uint64_t t = now_ns();

	if (t - p->shown < SECOND / 10)
		return NULL;
	p->shown = t;
	return progress_line(p, in, out);
}

void
progress_show(void *progress, uint64_t in, uint64_t out)
{
	struct progress *p = progress;
	char text[PROGRESS_LINE + 8];
	int n;

	if (progress_due(p, in, out) == NULL)
		return;
	n = snprintf(text, sizeof(text), "\r%s\033[K", p->line);
	/* What a terminal does not take is lost, as nothing depends on it. */
	if (n > 0 && io_write(p->terminal, text, (size_t)n) < 0)
		p->terminal = -1;
}
