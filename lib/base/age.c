#include "base/age.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/number.h"

/* The time so many seconds ago, in a form of strftime. */
static int
put_time(uint64_t ago, const char *form, char out[AGE_TIME])
{
	time_t then = time(NULL) - (time_t)ago;
	struct tm tm;

	return gmtime_r(&then, &tm) != NULL && strftime(out, AGE_TIME, form, &tm) > 0 ? 0 : -1;
}

int
age_ago(const char *text, char out[AGE_TIME])
{
	static const char units[] = "smhd";
	static const uint64_t seconds[] = { 1, 60, 3600, 86400 };
	char digits[8] = "";
	size_t n = strlen(text);
	const char *unit = n > 1 && n <= sizeof(digits) ? strchr(units, text[n - 1]) : NULL;
	uint64_t age;

	if (unit == NULL)
		return -1;
	memcpy(digits, text, n - 1);
	if (number_parse(digits, 0, 9999999, &age) < 0)
		return -1;
	return put_time(age * seconds[unit - units], "%Y-%m-%dT%H:%M:%SZ", out);
}

int
age_time(const char *text, char out[AGE_TIME])
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	size_t n = strlen(text), same = 0;

	if (strcmp(text, "today") == 0 || strcmp(text, "yesterday") == 0)
		return put_time(*text == 't' ? 0 : 86400, "%Y-%m-%d", out);
	while (same < n && form[same] != '\0' &&
	    (form[same] == 'd' ? text[same] >= '0' && text[same] <= '9' : text[same] == form[same]))
		same++;
	if (n < 4 || same < n)
		return age_ago(text, out);
	strcpy(out, text);
	return 0;
}
