#include "dumps/payers.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/number.h"

/* The uids of services: the system's, and those that systemd gives to units with DynamicUser=. */
static const struct {
	uint32_t first, last;
} services[] = {
	{ 0, 999 },
	{ 61184, 65519 },
};

static int
is_service(uint32_t uid)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++)
		if (uid >= services[i].first && uid <= services[i].last)
			return 1;
	return 0;
}

/* Takes a line, user:start:count; 0, or -1 with errno. */
static int
add(struct payers *p, char *line)
{
	char *save, *name = strtok_r(line, ":\n", &save), *start = strtok_r(NULL, ":\n", &save);
	char *count = strtok_r(NULL, ":\n", &save);
	struct payer_range *r;
	uint64_t from, n;

	if (count == NULL || number_parse(start, 0, UINT32_MAX - 1, &from) < 0 ||
	    number_parse(count, 1, UINT32_MAX, &n) < 0)
		return 0;
	if (ARRAY_GROW(p->range, p->room, p->count, SIZE_MAX) < 0)
		return -1;
	r = &p->range[p->count];
	*r = (struct payer_range){ .name = strdup(name), .start = (uint32_t)from,
	    .count = (uint32_t)n };
	if (r->name == NULL)
		return -1;
	p->count++;
	return 0;
}

int
payers_read(struct payers *p, const char *path)
{
	FILE *f = fopen(path, "re");
	size_t room = 0;
	char *line = NULL;
	int rc = 0, saved;

	if (f == NULL)
		return errno == ENOENT ? 0 : -1;
	while (rc == 0 && (errno = 0, getline(&line, &room, f) >= 0))
		rc = add(p, line);
	if (ferror(f) || errno == ENOMEM)
		rc = -1;
	saved = errno;
	free(line);
	fclose(f);
	errno = saved;
	return rc;
}

void
payers_free(struct payers *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->range[i].name);
	free(p->range);
	memset(p, 0, sizeof(*p));
}

/* The user whose range it is; a name is asked for when it is needed, since that may take long. */
static uint32_t
look_up(struct payer_range *r)
{
	struct passwd *pw;
	uint64_t n;

	if (!r->known) {
		if ((pw = getpwnam(r->name)) != NULL)
			r->uid = pw->pw_uid;
		else
			r->uid = number_parse(r->name, 0, UINT32_MAX - 1, &n) == 0 ? (uint32_t)n :
			    PAYER_UNKNOWN;
		r->known = 1;
	}
	return r->uid;
}

/*
 * The payer for a uid, given as text.  A uid of a range is never a service's: root in a container
 * can take any of them.
 */
static struct payer
whose(struct payers *p, const char *text)
{
	uint64_t uid;

	if (number_parse(text, 0, UINT32_MAX - 1, &uid) < 0)
		return (struct payer){ .uid = PAYER_UNKNOWN };
	for (size_t i = 0; i < p->count; i++) {
		struct payer_range *r = &p->range[i];
		uint32_t user;

		if (uid < r->start || uid - r->start >= r->count)
			continue;
		user = look_up(r);
		return (struct payer){ .uid = user == PAYER_UNKNOWN || is_service(user) ? r->start :
		    user };
	}
	return (struct payer){ .uid = (uint32_t)uid, .service = is_service((uint32_t)uid) };
}

struct payer
payers_of(struct payers *p, const char *uid, const char *owner)
{
	struct payer is = whose(p, uid), by = *owner != '\0' ? whose(p, owner) : is;

	return by.service && !is.service ? is : by;
}
