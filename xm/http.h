/*
 * HTTP/1.1 replies as text: pure functions over bytes, no descriptor in sight. Called by
 * client.c only. What a hostile peer may send is bounded here.
 */
#ifndef XM_HTTP_H
#define XM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libxl/base/err.h"

#define HTTP_HEAD_MAX (16 * 1024) /* xend's are under 1 KiB */
#define HTTP_BODY_MAX                                                                              \
    (256 * 1024 * 1024) /* the full list of 100,000 domains is about half of it                    \
                         */

struct http_head {
    int status;
    bool chunked;
    bool close;     /* the peer ends the connection after this reply */
    int64_t length; /* of the body; -1 when no header says */
};

/* Length of the head that text begins with, up to its blank line; 0: not complete yet. */
size_t http_head_length(const char *text, size_t len);

/* Reads a head of that length. ERR_UNAVAILABLE when it is no HTTP. */
int http_head_parse(const char *text, size_t len, struct http_head *h, struct err *e);

/* The size that a chunk's first line (without line end) tells, or -1. */
int64_t http_chunk_size(const char *line, size_t len);

/* True when a reply to this request carries no body whatever its headers say. */
bool http_no_body(int status);

#endif
