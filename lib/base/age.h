/* Ages in options: "90m", "12h", "30d". */
#ifndef GZCORE_BASE_AGE_H
#define GZCORE_BASE_AGE_H

/* Bytes of a time as text, with its terminator. */
#define AGE_TIME 32

/*
 * Puts the time that was that long ago into out, in UTC and in the form of records
 * (2026-11-25T10:20:30Z).  An age is a number of up to seven digits followed by s, m, h or d.
 * Returns 0, or -1 if the text is no age.
 */
int age_ago(const char *text, char out[AGE_TIME]);

/*
 * The time in text, as records have it or the start of one of four digits or more; "today" or
 * "yesterday", which are such starts; or an age such as "90m": that long ago.  Returns 0, or -1 when
 * it is none of these.
 */
int age_time(const char *text, char out[AGE_TIME]);

#endif
