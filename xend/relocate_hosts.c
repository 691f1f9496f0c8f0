/* Who may send guests here: see relocate.h. Called by relocate.c, and by conf.c for its check. */
#include <arpa/inet.h>
#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/base/vec.h"
#include "xend/relocate.h"

struct hosts VEC(regex_t);

/* What Python's regexps have, and these would take for something else. */
static int check_escapes(const char *pattern, struct err *e)
{
    for (const char *p = strchr(pattern, '\\'); p; p = strchr(p + 2, '\\')) {
        if (isalnum((unsigned char)p[1]) && !strchr("wWsSbB", p[1]))
            return err_set(e, ERR_INVALID, "\\%c is not understood in '%s'%s", p[1], pattern,
                           p[1] == 'd' ? "; [0-9] is a digit" : "");
        if (!p[1])
            break; /* regcomp tells of it */
    }
    return 0;
}

static int add(struct hosts *h, const char *pattern, struct err *e)
{
    AUTO(freep) char *anchored = xasprintf("^(%s)", pattern);
    char why[128];
    regex_t re;
    int r;

    if (check_escapes(pattern, e) < 0)
        return -1;
    r = regcomp(&re, anchored, REG_EXTENDED | REG_NOSUB | REG_ICASE);
    if (r) {
        regerror(r, &re, why, sizeof(why));
        return err_set(e, ERR_INVALID, "'%s' is no regular expression: %s", pattern, why);
    }
    vec_push(h, re);
    return 0;
}

struct hosts *hosts_parse(const char *text, struct err *e)
{
    AUTO(freep) char *words = xstrdup(text);
    struct hosts *h = xcalloc(1, sizeof(*h));
    char *rest = NULL;

    for (char *w = strtok_r(words, " \t\n", &rest); w; w = strtok_r(NULL, " \t\n", &rest))
        if (add(h, w, e) < 0) {
            hosts_free(h);
            return NULL;
        }
    return h;
}

void hosts_free(struct hosts *h)
{
    for (size_t i = 0; h && i < h->len; i++)
        regfree(&h->ptr[i]);
    if (h)
        vec_clear(h);
    free(h);
}

bool hosts_match(const struct hosts *h, const char *name)
{
    for (size_t i = 0; i < h->len; i++)
        if (regexec(&h->ptr[i], name, 0, NULL, 0) == 0)
            return true;
    return h->len == 0;
}

/* The numbers; of an IPv4 address that came over an IPv6 socket, IPv4's. */
static bool numbers_of(const struct sockaddr *a, socklen_t n, char text[NI_MAXHOST])
{
    static const char mapped[] = "::ffff:";
    char all[NI_MAXHOST];
    bool cut;

    if (getnameinfo(a, n, all, sizeof(all), NULL, 0, NI_NUMERICHOST) != 0)
        return false;
    cut = strncmp(all, mapped, sizeof(mapped) - 1) == 0 && strchr(all, '.');
    snprintf(text, NI_MAXHOST, "%s", cut ? all + sizeof(mapped) - 1 : all);
    return true;
}

/* Whoever has an address says what its name is: it counts when the name has that address. */
static bool has_address(const char *name, const char *numbers)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    bool found = false;

    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return false;
    for (struct addrinfo *a = list; a && !found; a = a->ai_next) {
        char text[NI_MAXHOST];

        found = numbers_of(a->ai_addr, a->ai_addrlen, text) && strcmp(text, numbers) == 0;
    }
    freeaddrinfo(list);
    return found;
}

bool hosts_allow(const struct hosts *h, const struct sockaddr *a, socklen_t n,
                 char text[NI_MAXHOST])
{
    char name[NI_MAXHOST];

    if (!numbers_of(a, n, text)) {
        snprintf(text, NI_MAXHOST, "?");
        return false;
    }
    return hosts_match(h, text) ||
           (getnameinfo(a, n, name, sizeof(name), NULL, 0, NI_NAMEREQD) == 0 &&
            hosts_match(h, name) && has_address(name, text));
}
