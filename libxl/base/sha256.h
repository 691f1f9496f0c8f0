/*
 * SHA-256 (FIPS 180-4): the hash by which a file is known to be unchanged. For a few small files;
 * nothing here is secret. Called by libxl/hooks/stock.c.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>

#define SHA256_TEXT_SIZE 65 /* 64 digits and the end */

/* Of these bytes, as sha256sum(1) prints it. */
void sha256_text(const void *p, size_t n, char out[SHA256_TEXT_SIZE]);

#endif
