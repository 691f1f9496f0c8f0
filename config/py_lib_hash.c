/*
 * Stand-ins for hashlib, md5 and sha: files make MAC addresses and UUIDs of names with them. MD5
 * (RFC 1321) and SHA-1 (RFC 3174), for that and nothing that must be safe.
 */
#include <math.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

enum { HASH_MD5, HASH_SHA1 };

struct hash {
    struct obj data; /* all that was fed into it */
    int kind;
};

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static void md5_block(uint32_t state[5], const unsigned char *block)
{
    static const unsigned char shifts[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], word[16];

    for (unsigned i = 0; i < 16; i++)
        word[i] = (uint32_t)block[4 * i] | (uint32_t)block[4 * i + 1] << 8 |
                  (uint32_t)block[4 * i + 2] << 16 | (uint32_t)block[4 * i + 3] << 24;
    for (unsigned i = 0; i < 64; i++) {
        uint32_t f = i < 16   ? (b & c) | (~b & d)
                     : i < 32 ? (d & b) | (~d & c)
                     : i < 48 ? b ^ c ^ d
                              : c ^ (b | ~d);
        unsigned k = i < 16 ? i : i < 32 ? 5 * i + 1 : i < 48 ? 3 * i + 5 : 7 * i;
        uint32_t sum = a + f + word[k % 16] + (uint32_t)(fabs(sin(i + 1.0)) * 4294967296.0);

        a = d;
        d = c;
        c = b;
        b += rotate(sum, shifts[i / 16][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

static void sha1_block(uint32_t state[5], const unsigned char *block)
{
    static const uint32_t constants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], word[80];

    for (unsigned i = 0; i < 16; i++)
        word[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                  (uint32_t)block[4 * i + 2] << 8 | (uint32_t)block[4 * i + 3];
    for (unsigned i = 16; i < 80; i++)
        word[i] = rotate(word[i - 3] ^ word[i - 8] ^ word[i - 14] ^ word[i - 16], 1);
    for (unsigned i = 0; i < 80; i++) {
        uint32_t f = i < 20   ? (b & c) | (~b & d)
                     : i < 40 ? b ^ c ^ d
                     : i < 60 ? (b & c) | (b & d) | (c & d)
                              : b ^ c ^ d;
        uint32_t sum = rotate(a, 5) + f + e + constants[i / 20] + word[i];

        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = sum;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

/* The last blocks: a 1 bit, zeros, and the length in bits, whose byte order is the hash's. */
static size_t pad(const struct hash *h, unsigned char tail[128])
{
    size_t rest = h->data.len % 64, n = rest < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)h->data.len * 8;

    memset(tail, 0, 128);
    memcpy(tail, h->data.s + h->data.len - rest, rest);
    tail[rest] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        tail[n - 8 + i] = (unsigned char)(bits >> (h->kind == HASH_MD5 ? 8 * i : 56 - 8 * i));
    return n;
}

/* 16 or 20 bytes; how many. */
static size_t digest(struct py *p, const struct hash *h, unsigned char out[20])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    void (*block)(uint32_t *, const unsigned char *) = h->kind == HASH_MD5 ? md5_block : sha1_block;
    unsigned char tail[128];
    size_t n = pad(h, tail), size = h->kind == HASH_MD5 ? 16 : 20;

    py_charge(p, h->data.len);
    for (size_t i = 0; i + 64 <= h->data.len; i += 64)
        block(state, (const unsigned char *)h->data.s + i);
    for (size_t i = 0; i < n; i += 64)
        block(state, tail + i);
    for (size_t i = 0; i < size; i++)
        out[i] =
            (unsigned char)(state[i / 4] >> (h->kind == HASH_MD5 ? 8 * (i % 4) : 24 - 8 * (i % 4)));
    return size;
}

static struct obj hash_hexdigest(struct py *p, struct call *c)
{
    struct text t = {.p = p};
    unsigned char bytes[20];
    size_t n = digest(p, c->self.hash, bytes);

    for (size_t i = 0; i < n; i++)
        py_text_adds(&t, py_printf(p, "%02x", bytes[i]));
    return py_text_done(&t);
}

static struct obj hash_update(struct py *p, struct call *c)
{
    struct hash *h = c->self.hash;

    h->data = py_concat(p, h->data, py_arg_str(p, c, 0));
    return py_none();
}

const struct py_row py_hash_methods[] = {
    {"hexdigest", hash_hexdigest, 0, 0, NULL, 0},
    {"update", hash_update, 1, 1, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

static struct obj hash_new(struct py *p, struct call *c, int kind)
{
    struct hash *h = py_alloc(p, sizeof(*h));

    *h = (struct hash){.kind = kind,
                       .data = c->a[0].type == T_UNSET ? py_strn("", 0) : py_arg_str(p, c, 0)};
    return (struct obj){.type = T_HASH, .hash = h};
}

static struct obj new_md5(struct py *p, struct call *c)
{
    return hash_new(p, c, HASH_MD5);
}

static struct obj new_sha1(struct py *p, struct call *c)
{
    return hash_new(p, c, HASH_SHA1);
}

#define OTHERS "md5 and sha1 are there, to make addresses of names"
const struct py_row py_hashlib_rows[] = {
    {"md5", new_md5, 0, 1, NULL, 0},
    {"sha1", new_sha1, 0, 1, NULL, 0},
    {"new", py_refused, 0, PY_ANY, OTHERS, 0},
    {"sha256", py_refused, 0, PY_ANY, OTHERS, 0},
    {"sha512", py_refused, 0, PY_ANY, OTHERS, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

/* Python 2's modules, before hashlib. */
const struct py_row py_md5_rows[] = {
    {"md5", new_md5, 0, 1, NULL, 0},
    {"new", new_md5, 0, 1, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

const struct py_row py_sha_rows[] = {
    {"new", new_sha1, 0, 1, NULL, 0},
    {"sha", new_sha1, 0, 1, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};
