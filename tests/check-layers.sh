#!/bin/sh
# Who may include what: the layers of the design, held against every #include of ours and of the
# libraries that only one file may know. Prints each breach; exit status 1 when there is one.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0

# allow FILES-PATTERN INCLUDE-PREFIX...: the files may include only these (and the C library)
allow() {
    files=$1; shift
    for f in $files; do
        [ -e "$f" ] || continue
        grep -hE '^#include "' "$f" | sed 's/#include "\(.*\)"/\1/' | while read -r inc; do
            ok=
            for prefix; do
                case $inc in "$prefix"*) ok=1 ;; esac
            done
            [ -n "$ok" ] || { echo "$f includes $inc"; exit 1; }
        done || bad=1
    done
}

# only FILES-PATTERN HEADER: no file outside the pattern may include the header
only() {
    allowed=$1 header=$2
    found=$(grep -rlE "^#include <$header" --include='*.[ch]' libxl config xend xm) || return
    for f in $found; do
        case " $allowed " in
        *" $f "*) ;;
        *) echo "$f includes <$header>"; bad=1 ;;
        esac
    done
}

allow 'libxl/base/*.[ch]' libxl/base/
allow 'config/*.[ch]' libxl/base/ config/
for f in libxl/*.[ch]; do
    allow "$f" libxl/base/ config/ libxl/spec libxl/device libxl/driver.h libxl/job.h libxl/field.h \
        libxl/hostinfo.h libxl/hostif.h libxl/hotplug.h libxl/cpuset.h libxl/sharing.h \
        libxl/pcihost libxl/usbhost.h libxl/hooks/hooks.h
done
allow 'libxl/dm/*.[ch]' libxl/base/ config/ libxl/spec.h libxl/driver.h libxl/dm/ libxl/hooks/nl.h
allow 'libxl/hooks/*.[ch]' libxl/base/ config/ libxl/device.h libxl/sharing.h libxl/hotplug.h libxl/hooks/ \
    stock_hashes.h
for d in qemu test xen; do
    allow "libxl/$d/*.[ch]" libxl/base/ config/ libxl/spec.h libxl/device.h libxl/driver.h \
        libxl/job.h libxl/field.h libxl/hostinfo.h libxl/hotplug.h libxl/cpuset.h libxl/dm/ \
        libxl/hooks/nl.h libxl/pcihost.h libxl/usbhost.h "libxl/$d/"
done
allow 'xend/*.[ch]' libxl/base/ config/ libxl/spec.h libxl/device.h libxl/driver.h libxl/job.h \
    libxl/field.h libxl/cpuset.h libxl/hostif.h libxl/hotplug.h libxl/pcihost.h libxl/usbhost.h libxl/sharing.h \
    xend/
allow 'xm/*.[ch]' libxl/base/ config/ libxl/spec.h libxl/device.h libxl/field.h libxl/hostif.h xm/
only config/json.c yajl/
only xend/server.c microhttpd
only libxl/base/uuid.c uuid/
only libxl/hooks/stock.c nettle/
only 'libxl/hooks/nl.c libxl/hooks/nl_message.h libxl/hooks/nl_route.c libxl/hooks/nft.c libxl/hooks/batch.c' libmnl/
only "$(echo libxl/xen/*)" xen
exit $bad
