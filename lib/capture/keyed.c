#include "capture/keyed.h"

#include <errno.h>

#include "base/io.h"
#include "proc/mappings.h"

static void *
ask(void *arg)
{
	struct keyed *k = arg;

	k->rc = mappings_keyed(k->fd);
	k->error = errno;
	return NULL;
}

int
keyed_open(struct keyed *k, pid_t pid)
{
	*k = (struct keyed){ .fd = mappings_keys_open(pid) };
	if (k->fd < 0)
		return -1;
	pthread_mutex_init(&k->lock, NULL);
	k->running = pthread_create(&k->thread, NULL, ask, k) == 0;
	return 0;
}

int
keyed_await(struct keyed *k)
{
	pthread_mutex_lock(&k->lock);
	if (k->running)
		pthread_join(k->thread, NULL);
	else if (!k->known)
		ask(k);
	k->running = 0;
	k->known = 1;
	pthread_mutex_unlock(&k->lock);
	errno = k->error;
	return k->rc;
}

void
keyed_close(struct keyed *k)
{
	if (k->running)
		pthread_join(k->thread, NULL);
	if (k->fd < 0)
		return;
	io_close(k->fd);
	pthread_mutex_destroy(&k->lock);
}
