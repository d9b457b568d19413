#include "store/output.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"

const char *
output_name(const struct output *o)
{
	return o->command.argv != NULL ? o->command.argv[0] : o->file != NULL ? o->file :
	    "<stdout>";
}

int
output_open(struct output *o)
{
	if (o->command.argv != NULL) {
		if (command_start(&o->command) < 0)
			return -1;
		o->fd = o->command.fd;
	} else if (o->file != NULL) {
		if (store_open(&o->store, o->file) < 0)
			return -1;
		o->fd = o->store.fd;
		if (store_taken(&o->store, 0)) {
			store_close(&o->store);
			errno = EEXIST;
			return -1;
		}
	} else {
		o->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	}
	return o->fd < 0 ? -1 : 0;
}

int
output_close(struct output *o, int whole, int *status)
{
	int rc = 0;

	*status = 0;
	if (o->command.argv != NULL && !whole) {
		command_kill(&o->command);
	} else if (o->command.argv != NULL) {
		*status = command_end(&o->command);
		errno = 0;
		rc = *status == 0 ? 0 : -1;
	} else if (o->file != NULL) {
		/* 1: its directory was not synced. */
		if (whole && store_publish(&o->store, "", STORE_SYNC) != 0)
			rc = -1;
		store_close(&o->store);
	} else if (io_close(o->fd) < 0 || (whole && io_close(STDOUT_FILENO) < 0)) {
		rc = -1;
	}
	return rc;
}
