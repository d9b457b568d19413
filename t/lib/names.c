/* names - says which names on standard input do not become what stands behind them, or remain as they are */
#include <stdio.h>
#include <string.h>

#include "demangle/demangle.h"

int
main(void)
{
	static char line[64][8192];
	struct demangle *d = demangle_open();

	for (int k = 0; k < 64 && fgets(line[k], sizeof(line[k]), stdin) != NULL; k++) {
		char *wanted = strchr(line[k], ' ');
		const char *name;

		line[k][strcspn(line[k], "\n")] = '\0';
		if (wanted != NULL)
			*wanted++ = '\0';
		name = demangle_name(d, line[k]);
		if (strcmp(name, wanted != NULL ? wanted : line[k]) != 0)
			printf("%s: %s\n", line[k], name);
	}
	demangle_close(d);
	return 0;
}
