/* Copies standard input to standard output like a slow disk. usage: throttle BYTES_PER_SECOND */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	static char buffer[65536];
	uint64_t rate = argc == 2 ? strtoull(argv[1], NULL, 10) : 0, done = 0;
	struct timespec began;
	ssize_t n;

	if (rate == 0)
		errx(2, "usage: throttle BYTES_PER_SECOND");
	clock_gettime(CLOCK_MONOTONIC, &began);
	while ((n = read(0, buffer, sizeof(buffer))) > 0) {
		struct timespec until = began;
		uint64_t ns;

		for (ssize_t to = 0, written; to < n; to += written)
			if ((written = write(1, buffer + to, (size_t)(n - to))) < 0)
				err(2, "write");
		done += (uint64_t)n;
		ns = (uint64_t)until.tv_nsec + done % rate * 1000000000 / rate;
		until.tv_sec += (time_t)(done / rate + ns / 1000000000);
		until.tv_nsec = (long)(ns % 1000000000);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
	if (n < 0)
		err(2, "read");
	return 0;
}
