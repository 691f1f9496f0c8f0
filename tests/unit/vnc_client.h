/*
 * A VNC client, as much of one as the tests need (RFC 6143): the handshake with and without a
 * password, a look at the screen, a key. DES is here because VNC's authentication is made of it;
 * every block is read with a deadline.
 */
#ifndef TESTS_VNC_CLIENT_H
#define TESTS_VNC_CLIENT_H

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VNC_NONE 1
#define VNC_AUTH 2
#define VNC_WAIT_MS 60000

/* FIPS 46-3, bits counted from 1 at the left. */
static const uint8_t des_ip[64] = {58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4,
                                   62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
                                   57, 49, 41, 33, 25, 17, 9,  1, 59, 51, 43, 35, 27, 19, 11, 3,
                                   61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7};
static const uint8_t des_fp[64] = {40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31,
                                   38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53, 21, 61, 29,
                                   36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27,
                                   34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41, 9,  49, 17, 57, 25};
static const uint8_t des_e[48] = {32, 1,  2,  3,  4,  5,  4,  5,  6,  7,  8,  9,  8,  9,  10, 11,
                                  12, 13, 12, 13, 14, 15, 16, 17, 16, 17, 18, 19, 20, 21, 20, 21,
                                  22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1};
static const uint8_t des_p[32] = {16, 7, 20, 21, 29, 12, 28, 17, 1,  15, 23, 26, 5,  18, 31, 10,
                                  2,  8, 24, 14, 32, 27, 3,  9,  19, 13, 30, 6,  22, 11, 4,  25};
static const uint8_t des_pc1[56] = {57, 49, 41, 33, 25, 17, 9,  1,  58, 50, 42, 34, 26, 18,
                                    10, 2,  59, 51, 43, 35, 27, 19, 11, 3,  60, 52, 44, 36,
                                    63, 55, 47, 39, 31, 23, 15, 7,  62, 54, 46, 38, 30, 22,
                                    14, 6,  61, 53, 45, 37, 29, 21, 13, 5,  28, 20, 12, 4};
static const uint8_t des_pc2[48] = {14, 17, 11, 24, 1,  5,  3,  28, 15, 6,  21, 10, 23, 19, 12, 4,
                                    26, 8,  16, 7,  27, 20, 13, 2,  41, 52, 31, 37, 47, 55, 30, 40,
                                    51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32};
static const char *const des_s[8] = {
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b"};

/* Row by row, 4 of 16 each. */
static inline unsigned des_box(int box, unsigned row, unsigned column)
{
    char c = des_s[box][row * 16 + column];

    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* Picks n bits of a number that is `bits` wide. */
static inline uint64_t des_pick(uint64_t from, int bits, const uint8_t *table, int n)
{
    uint64_t to = 0;

    for (int i = 0; i < n; i++)
        to = to << 1 | (from >> (bits - table[i]) & 1);
    return to;
}

static inline uint32_t des_round(uint32_t right, uint64_t key)
{
    uint64_t mixed = des_pick(right, 32, des_e, 48) ^ key;
    uint32_t out = 0;

    for (int i = 0; i < 8; i++) {
        unsigned six = mixed >> (42 - 6 * i) & 63;
        out = out << 4 | des_box(i, (six >> 4 & 2) | (six & 1), six >> 1 & 15);
    }
    return (uint32_t)des_pick(out, 32, des_p, 32);
}

static inline uint64_t des_encrypt(uint64_t key, uint64_t block)
{
    static const uint8_t shifts[16] = {1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1};
    uint64_t cd = des_pick(key, 64, des_pc1, 56), lr = des_pick(block, 64, des_ip, 64);
    uint32_t c = cd >> 28 & 0xfffffff, d = cd & 0xfffffff;
    uint32_t left = (uint32_t)(lr >> 32), right = (uint32_t)lr;

    for (int i = 0; i < 16; i++) {
        uint32_t next;

        c = (c << shifts[i] | c >> (28 - shifts[i])) & 0xfffffff;
        d = (d << shifts[i] | d >> (28 - shifts[i])) & 0xfffffff;
        next = left ^ des_round(right, des_pick((uint64_t)c << 28 | d, 56, des_pc2, 48));
        left = right;
        right = next;
    }
    return des_pick((uint64_t)right << 32 | left, 64, des_fp, 64);
}

static inline uint64_t vnc_be(const unsigned char *p, int n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

/* Exactly n bytes, or false. */
static inline bool vnc_read(int fd, void *out, size_t n)
{
    for (size_t at = 0; at < n;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t r;

        if (poll(&p, 1, VNC_WAIT_MS) <= 0)
            return false;
        r = read(fd, (char *)out + at, n - at);
        if (r <= 0)
            return false;
        at += (size_t)r;
    }
    return true;
}

static inline bool vnc_write(int fd, const void *bytes, size_t n)
{
    return send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* Connects and reads which security types the server offers, at most 16, into types. */
static inline int vnc_connect(const char *host, int port, unsigned char types[17], int *n)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    unsigned char hello[12];
    char service[16];
    int fd;

    snprintf(service, sizeof(service), "%d", port);
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return -1;
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0 && vnc_read(fd, hello, 12) &&
        memcmp(hello, "RFB 003.008\n", 12) == 0 && vnc_write(fd, hello, 12) &&
        vnc_read(fd, types, 1) && types[0] <= 16 && vnc_read(fd, types + 1, types[0])) {
        *n = types[0];
        memmove(types, types + 1, types[0]);
    } else if (fd >= 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

/* The rest of the handshake: 0 let in, 1 refused, -1 neither. Each byte of a key counts mirrored.
 */
static inline int vnc_login(int fd, unsigned char type, const char *password)
{
    unsigned char challenge[16], result[4];
    uint64_t key = 0;

    if (!vnc_write(fd, &type, 1))
        return -1;
    if (type == VNC_AUTH) {
        if (!vnc_read(fd, challenge, 16))
            return -1;
        for (size_t i = 0, n = strlen(password); i < 8; i++)
            for (int bit = 0; bit < 8; bit++)
                key = key << 1 | (i < n ? (unsigned char)password[i] >> bit & 1 : 0);
        for (int half = 0; half < 2; half++) {
            uint64_t block = des_encrypt(key, vnc_be(challenge + 8 * half, 8));
            for (int i = 0; i < 8; i++)
                challenge[8 * half + i] = (unsigned char)(block >> (56 - 8 * i));
        }
        if (!vnc_write(fd, challenge, 16))
            return -1;
    }
    if (!vnc_read(fd, result, 4))
        return -1;
    return vnc_be(result, 4) == 0 ? 0 : 1;
}

/* After a login: begins the session; the size of the screen. Pixels have four bytes. */
static inline bool vnc_begin(int fd, int *width, int *height)
{
    static const unsigned char raw_only[8] = {2, 0, 0, 1, 0, 0, 0, 0};
    unsigned char init[24], name[256];
    uint64_t n;

    if (!vnc_write(fd, "\001", 1) || !vnc_read(fd, init, 24))
        return false;
    *width = (int)vnc_be(init, 2);
    *height = (int)vnc_be(init + 2, 2);
    n = vnc_be(init + 20, 4);
    return init[4] == 32 && n <= sizeof(name) && vnc_read(fd, name, n) &&
           vnc_write(fd, raw_only, 8);
}

/* How many pixels of the screen, as it is now, are not black; -1: no answer. */
static inline long vnc_lit_pixels(int fd, int width, int height)
{
    unsigned char ask[10] = {3, 0, 0, 0, 0, 0}, head[4], rect[12], pixel[4];
    long lit = 0;

    ask[6] = (unsigned char)(width >> 8), ask[7] = (unsigned char)width;
    ask[8] = (unsigned char)(height >> 8), ask[9] = (unsigned char)height;
    if (!vnc_write(fd, ask, sizeof(ask)) || !vnc_read(fd, head, 4) || head[0] != 0)
        return -1;
    for (uint64_t rects = vnc_be(head + 2, 2); rects; rects--) {
        if (!vnc_read(fd, rect, 12) || vnc_be(rect + 8, 4) != 0)
            return -1;
        for (uint64_t n = vnc_be(rect + 4, 2) * vnc_be(rect + 6, 2); n; n--) {
            if (!vnc_read(fd, pixel, 4))
                return -1;
            lit += pixel[0] || pixel[1] || pixel[2];
        }
    }
    return lit;
}

/* Presses and releases a key: its X11 keysym, which for letters is ASCII. */
static inline bool vnc_key(int fd, unsigned char sym)
{
    unsigned char down[8] = {4, 1, 0, 0, 0, 0, 0, sym}, up[8] = {4, 0, 0, 0, 0, 0, 0, sym};

    return vnc_write(fd, down, 8) && vnc_write(fd, up, 8);
}

#endif
