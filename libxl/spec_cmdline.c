/*
 * The kernel's command line, joined as the original did: root=, ip=, then the user's own words.
 * Pure text; called by the drivers and by spec_sxp.c.
 */
#include <string.h>

#include "libxl/spec_parts.h"

/* Within ip= a part that is not given stays empty between its colons. */
static const char *or_empty(const char *s)
{
    return s ? s : "";
}

char *spec_ip_param(const struct spec *s)
{
    const char *dhcp = s->dhcp ? s->dhcp : "off";

    if (!s->ip && strcmp(dhcp, "off") == 0)
        return NULL;
    return xasprintf("%s:%s:%s:%s:%s:%s:%s", or_empty(s->ip),
                     s->nfs_server ? s->nfs_server : NO_NFS_SERVER, or_empty(s->gateway),
                     or_empty(s->netmask), or_empty(s->hostname), or_empty(s->interface), dhcp);
}

char *spec_nfs_param(const struct spec *s)
{
    if (!s->nfs_root)
        return xstrdup("");
    return xasprintf("nfsroot=%s:%s ", or_empty(s->nfs_server), s->nfs_root);
}

/* Whether a word of text begins with "root=" or the like. */
static bool has_word(const char *text, const char *prefix)
{
    for (const char *at = text; (at = strstr(at, prefix)); at++)
        if (at == text || at[-1] == ' ')
            return true;
    return false;
}

/* What the user says in extra wins over root and ip, and comes last: the kernel takes the last. */
char *spec_cmdline(const struct spec *s)
{
    AUTO(freep) char *ip = spec_ip_param(s);
    AUTO(freep) char *nfs = spec_nfs_param(s);
    const char *extra = or_empty(s->extra);
    struct buf b = BUF_INIT;

    if (s->root && !has_word(extra, "root="))
        buf_addf(&b, "root=%s ", s->root);
    if (ip && !has_word(extra, "ip="))
        buf_addf(&b, "ip=%s ", ip);
    buf_addf(&b, "%s%s", nfs, extra);
    while (b.len && b.ptr[b.len - 1] == ' ')
        b.ptr[--b.len] = '\0';
    return buf_steal(&b);
}
