/* Gives the inputs in files to a fuzz target, once each, with any compiler: to run again what failed. */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "target.h"

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY);
		uint8_t *bytes, *exact;
		size_t len;

		if (fd < 0)
			err(2, "%s", argv[i]);
		bytes = target_bytes(fd, &len);
		target_close(fd);
		/* As long as the input is, so that a sanitizer sees what is read behind it. */
		if ((exact = malloc(len > 0 ? len : 1)) == NULL)
			err(2, "memory");
		for (size_t k = 0; k < len; k++)
			exact[k] = bytes[k];
		free(bytes);
		LLVMFuzzerTestOneInput(exact, len);
		free(exact);
	}
	return 0;
}
