/* Ages as options have them: "90m", "12h", "30d". */
#ifndef GZCORE_BASE_AGE_H
#define GZCORE_BASE_AGE_H

/* The room that a time takes. */
#define AGE_TIME 32

/*
 * The time that was so long ago, in UTC as a record has it (2026-11-25T10:20:30Z): a number of up to seven
 * digits with s, m, h or d behind it.  Returns 0, or -1 when the text is no age.
 */
int age_ago(const char *text, char out[AGE_TIME]);

#endif
