/* The names of Linux's signals; cores and command lines have only their numbers. */
#ifndef GZCORE_BASE_SIGNAL_NAMES_H
#define GZCORE_BASE_SIGNAL_NAMES_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * "SIGSEGV"; NULL for a number without a name, such as a real-time signal.  The numbers of x86 and
 * arm: signal(7).
 */
const char *signal_name(unsigned number);

/* "SEGV_MAPERR": the name of a signal's si_code (sigaction(2)); NULL if it has none. */
const char *signal_code(unsigned number, int code);

#ifdef __cplusplus
}
#endif

#endif
