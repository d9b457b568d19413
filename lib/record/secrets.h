/* The environment of a process as text, without the variables that look secret. */
#ifndef GZCORE_RECORD_SECRETS_H
#define GZCORE_RECORD_SECRETS_H

#include <stddef.h>

/*
 * Whether a text NAME=VALUE looks as if it held a secret: its name has a word such as PASSWORD,
 * TOKEN or KEY in it, its value has a URL and an @ behind it, where a password may be (RFC 3986
 * 3.2.1), or it has no name.  This is a guess: secrets have other names too.
 */
int environment_secret(const char *text);

/*
 * Gives put the variables in bytes[n], each NAME=VALUE with a NUL at its end; a NUL also follows
 * the bytes.  They become lines env=NAME=VALUE, or with json the member environment of an object
 * with a comma before it; then comes how many were left out as secret.  Returns 0, or -1 with put's
 * errno.
 */
int environment_list(const char *bytes, size_t n, int json,
    int (*put)(void *arg, const char *text, size_t len), void *arg);

#endif
