/* DIR/modules: the directory in which files of modules are kept, one a name. */
#ifndef GZCORE_KEPT_STORE_H
#define GZCORE_KEPT_STORE_H

#include <stdint.h>

#include "store/store.h"

#define KEPT_DIR "modules"
#define KEPT_FILE "executable"
#define KEPT_DEBUG "debuginfo"
#define KEPT_PATHS_FILE "paths"

struct kept_store {
	int dir;		/* the directory of the dumps */
	int modules;		/* DIR/modules, or -1 */
	int lock;		/* or -1 */
};

/*
 * Opens the directory dir, relative to at as for openat(2), and modules in it, if that is there;
 * otherwise modules is -1, until kept_store_make has created it, mode 0700.  Both return 0; -1 with
 * errno, EPERM when modules is not ours alone: of another owner, or for others to write to.
 * kept_store_close closes what is open.
 */
int kept_store_open(struct kept_store *s, int at, const char *dir);
int kept_store_make(struct kept_store *s);
void kept_store_close(struct kept_store *s);

/*
 * Takes the lock under which files are removed and get their names, waiting at most ms
 * milliseconds; gives it back.  Returns 0, or -1 with errno.
 */
int kept_store_lock(struct kept_store *s, int ms);
void kept_store_unlock(struct kept_store *s);

/* Whether text is the name of a kept file: digits of hexadecimal in lower case, two a byte. */
int kept_store_is_name(const char *text);

/*
 * Opens the directory KIND/NAME, which is created with create.  Returns a descriptor, which the
 * caller closes, or -1 with errno.
 */
int kept_item_open(const struct kept_store *s, const char *kind, const char *name, int create);

/* Removes that directory, if it is empty. */
void kept_item_drop(const struct kept_store *s, const char *kind, const char *name);

/* Opens the file that is kept in the directory; -1 with errno, ENOENT when there is none. */
int kept_item_file(int item);

/* Begins a new file there, for store_publish and store_close; 0, or -1 with errno. */
int kept_item_create(struct store *st, int item, const char *name);

/* Says that it was needed by a crash now. */
void kept_item_touch(int item);

/* Adds a path, any bytes, to the list of those that the file had.  Returns 0, or -1 with errno. */
int kept_item_add_path(int item, const char *path);
#define KEPT_PATHS_MOST (128u * 1024)

#endif
