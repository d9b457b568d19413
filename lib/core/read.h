/* Shows a core to the parser: from a file that can be sought, or from a stream that goes on. */
#ifndef GZCORE_CORE_READ_H
#define GZCORE_CORE_READ_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "stored/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Reads what the parser wants of a core that can be sought, and no more; *size is how many bytes
 * there are of the core.  Damaged parts count as absent.  Returns 0, or -1 with errno.
 */
int core_read_image(struct core *c, struct image *image, uint64_t *size);

/*
 * Reads what a core that was read has at an address, in one piece and at most len bytes.  Returns
 * how many, 0 when it has none there.
 */
size_t core_read_at(const struct core *c, struct image *image, uint64_t address, void *buf,
    size_t len);

/*
 * Reads in to its end and, unless out is -1, writes every byte to out, even when it is no core;
 * bytes that the parser does not look at are not copied (splice(2)).  Without out, reading stops as
 * soon as it is known to be no core.  *size is how many bytes were passed on.  Returns 0, or
 * CORE_READ_IN or CORE_READ_OUT with errno.
 */
int core_read_stream(struct core *c, int in, int out, uint64_t *size);
#define CORE_READ_IN (-1)
#define CORE_READ_OUT (-2)

#ifdef __cplusplus
}
#endif

#endif
