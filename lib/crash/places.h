/*
 * The processes that the kernel lets wait for a handler, /proc/sys/kernel/core_pipe_limit: beyond
 * these it drops crashes, whoever crashes.  Ordinary users may have some of these places only.
 */
#ifndef GZCORE_CRASH_PLACES_H
#define GZCORE_CRASH_PLACES_H

#include <stdint.h>

/*
 * What is stored of a user's crash.  All of it, while users have less than half of the places and
 * this user less than a quarter.  The small core alone, while users have less than three quarters
 * and this user less than half of that.  Otherwise nothing, so that the process does not wait.
 */
enum place { PLACE_WHOLE, PLACE_SMALL, PLACE_NONE };

/* How many places the kernel has; 0: any number, or it is not known. */
uint32_t places_limit(void);

/* The most places that are counted. */
#define PLACES_MAX 4096

/*
 * Takes a place for a crash of that payer, one of limit (at least 1) places in the file that is open
 * for reading and writing as fd.  The place is taken, by a lock (fcntl(2), F_OFD_SETLK), as long as
 * any process has the descriptor; one that was taken before by this descriptor is given back.
 * *place is what may be stored; PLACE_NONE takes none.  Returns 0; -1 with errno when places cannot
 * be counted: then all may be stored.
 */
int places_take(int fd, uint32_t limit, uint32_t payer, enum place *place);

#endif
