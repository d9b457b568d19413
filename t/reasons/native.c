/* The native function of Ways.java, without the headers of a JDK: its arguments are not used but for the last. */
#include <stdlib.h>

static int *volatile none;
void Java_Ways_crash(void *env, void *class, unsigned char aborts);

void
Java_Ways_crash(void *env, void *class, unsigned char aborts)
{
	(void)env;
	(void)class;
	if (aborts)
		abort();
	none[6] = 1;
}
