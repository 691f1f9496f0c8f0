#!/bin/sh
# xm edit, clone and new --from-running: what a domain starts with, changed by hand, copied, kept.
. tests/functions.sh
requires curl jq

export TMPDIR="$T/tmp"
mkdir -p "$TMPDIR" "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
unset VISUAL
start_xend test
config() {
    api GET "/v1/domains/$1/config" | jq -c "$2"
}
# edit SED-COMMAND NAME: with an editor that does this
edit() {
    printf '%s\n' "$1" >"$T/sed"
    EDITOR="sed -i -f $T/sed" run xm edit "$2"
}
file=$(make_config web1 'vcpus = 2' "vif = ['bridge=br0']" "vfb = ['vnc=1,vncpasswd=secret']" \
    "disk = ['phy:/dev/x,xvda,w']")
assert_ok xm new -q "$file"

# halted: taken at once; the password stays
mac=$(config web1 '.config.vif[0].mac')
edit 's/^memory = .*/memory = 96/' web1
assert_eq '0
-memory = 64
+memory = 96' "$status
$out$err"
assert_eq '[96,false]' "$(config web1 '[.config.memory,.pending]')"
assert_eq "$mac" "$(config web1 '.config.vif[0].mac')"
grep -rq '(vncpasswd secret)' "$ROOT/var/lib/xend/domains" || fail 'the password is lost'
assert_eq '' "$(ls "$TMPDIR")"

# nothing changed, in the text or in what it says; uuid and MAC addresses need not stand there
for same in '' 's/^memory = 96/memory = 90 + 6/' '/^uuid/d; s/mac=[0-9a-f:]*,//; /^name/d'; do
    edit "$same" web1
    assert_eq '0 Nothing has changed.' "$status $out$err"
done

# errors: asked whether to go on, with the text as it was left; VISUAL comes first
cat >"$T/editor" <<END
#!/bin/sh
echo "\$1 \$2" >>"$T/editor.log"
if grep -q 'memory = 0' "\$2"; then sed -i 's/memory = 0/memory = 100/' "\$2"
else sed -i 's/memory = .*/memory = 0/' "\$2"; fi
END
chmod +x "$T/editor"
status=0
echo y | VISUAL="$T/editor --x" xm edit web1 >"$T/out" 2>"$T/err" || status=$?
assert_eq 0 "$status" "$(cat "$T/err")"
assert_match '^Error: .*xm-edit-.*cfg:[0-9]+:[0-9]+: memory: 0 is not between' "$(cat "$T/err")"
assert_eq 2 "$(grep -c '^--x .*/xm-edit-.*cfg$' "$T/editor.log")"
assert_eq 100 "$(config web1 .config.memory)"

# given up: the text stays
for wrong in 's/^memory = .*/memory = 0/' 's/^name = .*/name = "other"/' 's/^uuid = .*/uuid = "00000000-0000-4000-8000-000000000001"/'; do
    edit "$wrong" web1
    assert_eq 1 "$status"
    text=$(echo "$err" | sed -n 's/.*Nothing was taken. Your text is in //p')
    grep -q kernel "$text" || fail "no text: $err"
    assert_eq 600 "$(stat -c %a "$text")"
    rm "$text"
done
assert_match '^Error: web1: uuid: a domain keeps its uuid' "$err"
EDITOR=false run xm edit web1
assert_match "^Error: the editor 'false' exited with status 1" "$err"
assert_eq 100 "$(config web1 .config.memory)"
assert_fails 3 xm edit nobody
assert_fails 1 xm edit Domain-0
rm -f "$TMPDIR"/*

# running: for the next start; and somebody else was quicker
assert_ok xm start web1
edit 's/^memory = .*/memory = 120/' web1
assert_eq "-memory = 100
+memory = 120
Domain 'web1' runs on as it is: this is for its next start." "$out"
assert_eq '[120,true]' "$(config web1 '[.config.memory,.pending]')"
assert_eq 100 "$(api GET /v1/domains/web1 | jq .memory_mib)"
EDITOR="$BUILD_DIR/xm vcpu-set web1 1; sed -i 's/memory = .*/memory = 77/'" run xm edit web1
assert_eq 1 "$status"
assert_match '^Error: web1: it was changed meanwhile' "$err"
assert_eq '[120,null]' "$(config web1 '[.config.memory,.config.vcpus]')" # 1 is the default
assert_ok xm destroy web1
assert_eq 120 "$(config web1 .config.memory)"

# the API: If-Match
etag=$(api GET /v1/domains/web1/config -D - -o /dev/null | tr -d '\r' | sed -n 's/^ETag: //p')
assert_eq "$etag" "$(config web1 .etag | jq -r .)"
body=$(config web1 '{config: (.config + {memory: 70})}')
code() {
    api POST '/v1/domains/web1/config?wait=20' -o "$T/reply" -w '%{http_code}' -d "$body" "$@"
}
assert_eq 412 "$(code -H 'If-Match: "0"')"
assert_eq changed "$(jq -r .code "$T/reply")"
assert_eq 200 "$(code -H "If-Match: $etag")"
assert_eq 412 "$(code -H "If-Match: $etag")"
assert_eq 200 "$(code -H 'If-Match: *')"
assert_eq 400 "$(api POST '/v1/domains/web1/config' -o /dev/null -w '%{http_code}' -d '{"config":{"memory":0}}')"

# a suspended one
assert_ok xm start web1
assert_ok xm suspend web1
edit 's/^memory = .*/memory = 71/' web1
assert_match '^Error: web1: Domain is suspended' "$err"
assert_ok xm resume web1

# clone: of one that runs; what is its own
run xm clone web1 web2
assert_eq 'Warning: web2 has the same disks as web1 (xvda): never run both; disk=... gives it others' "$err"
assert_ok xm clone web1 web3 'disk=phy:/dev/y,xvda,w' 'disk=file:/z.iso,xvdb:cdrom,r'
assert_eq '' "$out$err"
assert_eq '["/dev/y","/z.iso"]' "$(config web3 '[.config.disk[].target]')"
assert_eq 3 "$(for d in web1 web2 web3; do config $d '.config.uuid'; done | sort -u | wc -l)"
assert_eq 3 "$(for d in web1 web2 web3; do config $d '.config.vif[0].mac'; done | sort -u | wc -l)"
assert_eq 3 "$(grep -rl '(vncpasswd secret)' "$ROOT/var/lib/xend/domains" | wc -l)"
assert_fails 1 xm clone web1 web2
assert_eq "Error: Domain 'web2' already exists" "$err"
assert_fails 1 xm clone web1 'no name'
assert_fails 3 xm clone nobody web4
assert_fails 1 xm clone web1 web4 memory=5
assert_fails 1 xm clone web1 web4 disk=nonsense
assert_fails 1 xm clone Domain-0 web4
assert_fails 3 xm domid web4
assert_eq 'web5 true' "$(xm clone --json web1 web5 2>/dev/null | jq -r '"\(.name) \(.managed)"')"

# keep: a running one stays when it ends
create guest
edit 's/^memory = .*/memory = 71/' guest
assert_match '^Error: Domain is not managed' "$err"
assert_ok xm new --from-running guest
assert_fails 1 xm new --from-running guest
assert_eq 'Error: guest: Domain is managed already' "$err"
assert_fails 1 xm new --from-running web2
assert_fails 3 xm new --from-running nobody
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend test
assert_ok xm destroy guest
assert_eq halted "$(domain_state guest)"
stop_xend
start_xend test
assert_eq halted "$(domain_state guest)"
