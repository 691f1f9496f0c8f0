/* HTTP/1.1 replies as text: see http.h. */
#include "xm/http.h"

#include <string.h>
#include <strings.h>

/* The text that the original shows for this; people search for it. */
static int not_http(struct err *e)
{
    return err_set(e, ERR_UNAVAILABLE,
                   "Xend has probably crashed!  Invalid or missing HTTP status code.");
}

size_t http_head_length(const char *text, size_t len)
{
    const char *end = memmem(text, len, "\r\n\r\n", 4);

    return end ? (size_t)(end - text) + 4 : 0;
}

/* "HTTP/1.x NNN reason" */
static int parse_status(const char *line, size_t len, int *status)
{
    if (len < 12 || strncmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ')
        return -1;
    *status = 0;
    for (int i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9')
            return -1;
        *status = *status * 10 + (line[i] - '0');
    }
    return *status >= 100 && (len == 12 || line[12] == ' ') ? 0 : -1;
}

/* Digits only; -1 for signs, blanks and what is far over the limit. */
static int64_t parse_length(const char *text, size_t len)
{
    int64_t n = 0;

    if (len == 0)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || n > HTTP_BODY_MAX)
            return -1;
        n = n * 10 + (text[i] - '0');
    }
    return n;
}

/* Header names and tokens are the same in any case. */
static bool is(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

/* One header line; -1 when it contradicts itself or asks for what is not spoken here. */
static int parse_header(const char *line, size_t len, struct http_head *h)
{
    const char *colon = memchr(line, ':', len), *value;
    size_t name_len, value_len;

    if (!colon)
        return -1;
    name_len = (size_t)(colon - line);
    value = colon + 1;
    value_len = len - name_len - 1;
    while (value_len && (*value == ' ' || *value == '\t')) {
        value++;
        value_len--;
    }
    while (value_len && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t'))
        value_len--;

    if (is(line, name_len, "Content-Length")) {
        int64_t n = parse_length(value, value_len);
        if (n < 0 || (h->length >= 0 && h->length != n))
            return -1;
        h->length = n;
    } else if (is(line, name_len, "Transfer-Encoding")) {
        if (!is(value, value_len, "chunked"))
            return -1;
        h->chunked = true;
    } else if (is(line, name_len, "Connection") && is(value, value_len, "close")) {
        h->close = true;
    }
    return 0;
}

int http_head_parse(const char *text, size_t len, struct http_head *h, struct err *e)
{
    const char *end = text + len - 2; /* of the last header; the blank line follows */
    const char *eol = memmem(text, len, "\r\n", 2);

    *h = (struct http_head){.length = -1};
    if (memchr(text, '\0', len) || parse_status(text, (size_t)(eol - text), &h->status) < 0)
        return not_http(e);
    for (const char *line = eol + 2; line < end; line = eol + 2) {
        eol = memmem(line, (size_t)(end - line), "\r\n", 2);
        if (parse_header(line, (size_t)(eol - line), h) < 0)
            return not_http(e);
    }
    if (h->length > HTTP_BODY_MAX)
        return err_set(e, ERR_TOO_LARGE, "xend's answer is larger than %d bytes", HTTP_BODY_MAX);
    if (h->chunked)
        h->length = -1;
    return 0;
}

int64_t http_chunk_size(const char *line, size_t len)
{
    int64_t n = 0;
    size_t digits = 0;

    for (; digits < len && line[digits] != ';' && line[digits] != ' '; digits++) {
        char c = line[digits] | 0x20;
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0 || n > HTTP_BODY_MAX)
            return -1;
        n = n * 16 + d;
    }
    return digits ? n : -1;
}

bool http_no_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}
