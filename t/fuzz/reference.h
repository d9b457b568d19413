/* What zlib's inflate makes of gzip and zlib data: the fuzz targets compare the library with it. */
#ifndef T_FUZZ_REFERENCE_H
#define T_FUZZ_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

/* Inputs that become more than this, bytes, are left out: they take long, and show nothing that small ones do not. */
#define REFERENCE_MOST (4u * 1024 * 1024)

enum reference_verdict { WHOLE, TRAILING, BAD };

struct reference {
	uint8_t *data;		/* what was decoded before the damage too; the caller frees it */
	size_t len;
	enum reference_verdict verdict;
	int padded;		/* zeros came between members */
	/*
	 * BAD, since a block's Huffman codes are not complete, or it uses one that stands for
	 * nothing.  ISA-L and libdeflate take some of those blocks; with a checksum and a length
	 * that fit, the engine decides.  No compressor makes any.
	 */
	int odd_codes;
	int large;		/* more than REFERENCE_MOST: data is not all */
};

/* Decodes in[len]: gzip members one behind the other, perhaps with zeros behind them, or one zlib stream. */
struct reference reference_read(const uint8_t *in, size_t len);

#endif
