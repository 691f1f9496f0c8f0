/*
 * A transaction of nftables, put together message by message: one table "netdev NAME" with one
 * chain, its rules and their sets. Called by rules.c; nl.c, nft.c and batch.c alone know libmnl.
 */
#ifndef HOOKS_BATCH_H
#define HOOKS_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libxl/base/err.h"
#include "libxl/hooks/nl.h"

#define BATCH_BYTES (64 * 1024) /* some 20 rules, and sets of RULES_ADDRESSES_MAX: 8 KiB */

struct batch {
    const char *table, *chain;
    uint32_t seq, sets;
    size_t len;
    struct nlmsghdr *rule;      /* the open one */
    struct nlattr *expressions; /* of it */
    char bytes[BATCH_BYTES] __attribute__((aligned(8)));
};

/* The table and the chain, on what dev receives; a table of this name from before goes. */
struct batch *batch_new(const char *table, const char *chain, const char *dev);
/* Sends it, and frees it. */
int batch_commit_take(struct batch *b, struct err *e);

/* A rule is begun, gets what must hold, in this order, and ends in a verdict. */
void rule_begin(struct batch *b);
void rule_end(struct batch *b, bool drop);
/* Key of enum nft_meta_keys. */
void rule_meta(struct batch *b, uint32_t key, const void *value, size_t n);
/* n bytes at `offset` of a header (enum nft_payload_bases) are the value, or are not. */
void rule_bytes(struct batch *b, uint32_t base, uint32_t offset, bool is, const void *value,
                size_t n);
/* The same of a set from set_add, of items of n bytes. */
void rule_set(struct batch *b, uint32_t base, uint32_t offset, bool in, uint32_t set, size_t n);
void rule_over(struct batch *b, uint64_t bytes_a_second, uint32_t burst);

/* A set for one rule that is begun after it; type as nft shows it. Of intervals: each item begins
 * one, or ends it (ends[i]), in ascending order. ends NULL: single items. */
uint32_t set_add(struct batch *b, uint32_t type, const void *items, size_t size, size_t n,
                 const bool *ends);

#endif
