/* The symbol servers that elfutils asks, by DEBUGINFOD_URLS: how long they may take. */
#ifndef GZCORE_KEPT_SERVERS_H
#define GZCORE_KEPT_SERVERS_H

#include <stdint.h>

/*
 * A server that sends less than 100 KB in this many seconds is given up, unless the environment
 * says another number (DEBUGINFOD_TIMEOUT).  That of elfutils is 90.
 */
#define TRACE_SERVERS_SECONDS 15

/* Puts it into the environment, for this process and those that it starts. */
void servers_bound(void);

/*
 * After servers were asked for a file, from began on (now_ms()), and did not have it: if that was
 * because one was given up, none is asked any more by this process.  Returns whether that is so.
 */
int servers_end(int64_t began);

#endif
