/* Whether a process has more rights than the user whose it is: then its memory is not for that user to see. */
#ifndef GZCORE_PROC_RIGHTS_H
#define GZCORE_PROC_RIGHTS_H

#include "proc/proc.h"

/* The most threads that are looked at: of more the rights are not known. */
#define PROC_RIGHTS_THREADS 16384

/*
 * The rights of the process whose directory in /proc dir is.  Each thread has its own: each must act as the real user
 * and group of the first, by its effective, saved and file system IDs too, and have no capabilities, unless those are
 * ones of a user namespace below ours (in_namespace).
 */
enum proc_rights proc_rights_of(int dir, int in_namespace);

#endif
