#include "capture/available.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/control_group.h"

/*
 * Memory is short when for this part of the last ten seconds no task could run because all waited
 * for memory, hundredths of a percent: a tenth.
 */
#define SHORT 1000

/* The number behind a key at a line's start; none when it is not there. */
static uint64_t
number_of(const char *text, const char *key, uint64_t none)
{
	const char *at = text;
	size_t n = strlen(key);

	while (at != NULL && strncmp(at, key, n) != 0)
		if ((at = strchr(at, '\n')) != NULL)
			at++;
	return at == NULL ? none : strtoull(at + n, NULL, 10);
}

static uint64_t
file_number(const char *dir, const char *name, uint64_t none)
{
	char text[64];

	/* "max" is no number. */
	if (control_group_text(dir, name, text, sizeof(text)) < 0 || *text < '0' || *text > '9')
		return none;
	return strtoull(text, NULL, 10);
}

/* What the limit of one control group leaves; the kernel drops clean pages of files by itself. */
static uint64_t
left_in(const char *dir)
{
	uint64_t most = file_number(dir, "memory.max", UINT64_MAX), used, files;
	char text[8192];
	int old = most == UINT64_MAX;

	if (old)
		most = file_number(dir, "memory.limit_in_bytes", UINT64_MAX);
	if (most == UINT64_MAX)
		return UINT64_MAX;
	used = file_number(dir, old ? "memory.usage_in_bytes" : "memory.current", 0);
	files = 0;
	if (control_group_text(dir, "memory.stat", text, sizeof(text)) == 0)
		files = number_of(text, old ? "total_inactive_file " : "inactive_file ", 0);
	used = used > files ? used - files : 0;
	return most > used ? most - used : 0;
}

/* "full avg10=0.00 avg60=...", of /proc/pressure/memory: hundredths of a percent. */
static unsigned
pressure(void)
{
	unsigned whole = 0, part = 0;
	char text[256];
	const char *at;

	if (control_group_text("/proc/pressure", "memory", text, sizeof(text)) < 0 ||
	    (at = strstr(text, "full avg10=")) == NULL ||
	    sscanf(at, "full avg10=%u.%2u", &whole, &part) < 1)
		return 0;
	return whole * 100 + part;
}

uint64_t
available_memory(void)
{
	char text[4096];
	uint64_t bytes, left;

	if (pressure() >= SHORT ||
	    control_group_text("/proc", "meminfo", text, sizeof(text)) < 0)
		return 0;
	/* Before Linux 3.14 there is only MemFree. */
	bytes = number_of(text, "MemAvailable:", number_of(text, "MemFree:", 0)) * 1024;
	left = control_group_least("memory", left_in);
	return bytes < left ? bytes : left;
}
