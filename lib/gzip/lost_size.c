#include "gzip/salvage.h"

/*
 * The bounds of a member of n bytes of data, with the smallest header: a stored block of some KiB
 * costs 5 bytes more.
 */
#define MEMBER_LEAST(n) ((n) / GZ_RATIO + GZ_SIZED_HEAD + GZ_TRAILER)
#define MEMBER_MOST(n) ((n) + (n) / 512 + 256)

#define ROUND 1024u	/* gzdeflate's chunks are a multiple of this, but for odd arguments of -b */

/* The size in the trailer of the member that ends at offset end. */
static uint64_t
trailer_size(struct salvage *v, uint64_t end)
{
	uint8_t p[4];

	return end >= sizeof(p) &&
	    source_look(v->f->in, end - sizeof(p), p, sizeof(p)) == sizeof(p) ? gz_le32(p) : NONE;
}

int
lost_size_plausible(struct salvage *v, uint64_t at, uint64_t end, uint64_t n)
{
	struct gz_member head;
	uint64_t size = end - at, len;

	/* Count any header as the smallest one: its length says nothing of the data. */
	len = heads_sized(&v->heads, at, &head, &len) ? len : v->plain;
	if (len < size && len > GZ_SIZED_HEAD)
		size -= len - GZ_SIZED_HEAD;
	/* No data: a header, one block without codes, a trailer. */
	return n == 0 ? size <= GZ_SIZED_HEAD + 5 + GZ_TRAILER :
			MEMBER_LEAST(n) <= size && (n >= size || size <= MEMBER_MOST(n));
}

uint64_t
lost_size_least(const struct salvage *v, uint64_t size, uint64_t len)
{
	uint64_t n = size > len + 256 ? (size - len - 256) / 513 * 512 : 0;

	return v->last < n ? v->last : n;
}

/* The data size of the next readable member at or after at; NONE when there is none, or only the last. */
static uint64_t
next_size(struct salvage *v, uint64_t at)
{
	struct gz_member head;
	uint64_t n, len;

	at = heads_next(&v->heads, at);
	if (at == v->f->in->size || !heads_sized(&v->heads, at, &head, &len) ||
	    at + head.size == v->f->in->size || !gz_size_whole(head.size))
		return NONE;
	n = trailer_size(v, at + head.size);
	return n != 0 && lost_size_plausible(v, at, at + head.size, n) ? n : NONE;
}

uint64_t
lost_size_agreed(struct salvage *v, uint64_t at, uint64_t end, uint64_t made)
{
	uint64_t said = trailer_size(v, end), next = next_size(v, end);

	if (made != NONE && ((uint32_t)made == said || made == v->last || made == next))
		return made;
	if (!lost_size_plausible(v, at, end, said) || !gz_size_whole(end - at))
		return NONE;
	/*
	 * Data and trailer contradict each other, and either may be damaged.  The trailer is right
	 * if both neighbours agree with it, and the data is off by no more than a few wrong bytes
	 * explain.
	 */
	if (made != NONE)
		return said == v->last && said == next && said - said / 64 <= made &&
		    made <= said + said / 64 ? said : NONE;
	if (said == v->last || said == next)
		return said;
	/* The first of two members has no other witness than that its size is a round number. */
	return v->last == NONE && next == NONE && end < v->f->in->size && said > 0 &&
	    said % ROUND == 0 ? said : NONE;
}
