#!/bin/sh
# The disk that keeps the state fails (EIO), there are no descriptors (EMFILE) or no room (ENOSPC):
# what is read goes on, changes say so with their status and change nothing, and when it works again
# so do they, with the same xend. A real full disk is in root-disk-full.sh.
. tests/functions.sh
requires curl jq

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
export XEND_FAULT_DISK="$T/failure"
start_xend test
for n in halted runs; do
    assert_ok xm new -q "$(make_config $n 'maxmem = 128' 'vif = [""]')"
done
assert_ok xm start runs
status_of() {
    method_=$1 path_=$2
    shift 2
    api "$method_" "$path_" -o "$T/reply" -w '%{http_code}' "$@"
}
there() {
    (cd "$ROOT" && find var/lib/xend/domains var/run/xend/test var/run/xend/intents -type f | sort | xargs cksum)
}
pid=$(cat "$ROOT/var/run/xend.pid")
before=$(there)
list() {
    api GET '/v1/domains?fields=name,state,memory_mib,config' | jq -c .domains
}
listed=$(list)
for failure in 503:EIO:Input/output 507:EMFILE:'Too many open files' 507:ENOSPC:'No space left' 507:EDQUOT:'Disk quota'; do
    rest=${failure#*:}
    text=${rest#*:}
    echo "${rest%%:*}" >"$T/failure"
    while read -r method path body; do
        [ "$body" = - ] && body=''
        assert_eq "${failure%%:*}" "$(status_of "$method" "/v1/domains${path#.}?wait=20" ${body:+-d "$body"})" "$method $path: $(cat "$T/reply")"
        assert_match "$text" "$(jq -r .detail "$T/reply")"
    done <<END
POST . {"spec":{"name":"kept","kernel":"/k"},"managed":true,"start":false}
POST . {"spec":{"name":"passing","kernel":"/k"}}
POST /halted/memory {"memory_mib":100}
POST /halted/rename {"name":"other"}
POST /halted/start -
POST /halted/delete -
POST /runs/memory {"memory_mib":32}
POST /runs/suspend -
POST /runs/save {"file":"$T/saved"}
POST /runs/devices {"class":"vif","device":{}}
DELETE /runs/devices/vif/0 -
END
    assert_eq "$listed" "$(list)"
    assert_eq "$before" "$(there)"
    assert_eq "" "$(ls "$T/saved" "$T/saved-incomplete" 2>/dev/null)"
    assert_ok xm pause runs # needs no disk
    assert_ok xm unpause runs
    rm "$T/failure"
done
assert_ok xm mem-set halted 100
assert_ok xm suspend runs
assert_ok xm resume runs
assert_ok xm delete halted
assert_eq "$pid" "$(cat "$ROOT/var/run/xend.pid")"
