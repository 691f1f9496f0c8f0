# Helpers of the system tests; a test begins with
#     . tests/functions.sh
# and is run as `sh tests/system/NAME.sh` from the top of the tree, with BUILD set when that is not
# "build". It ends with 0 (passed), 77 (skipped, with the reason) or anything else (failed). Each
# test has an instance root of its own, $ROOT, which xend and xm find by XEND_ROOT; what it started
# is ended, and only that. shellcheck shell=sh

set -eu

BUILD=${BUILD:-build}
TEST=$(basename "$0" .sh)
case $BUILD in
/*) BUILD_DIR=$BUILD ;;
*) BUILD_DIR=$PWD/$BUILD ;;
esac
mkdir -p "$BUILD_DIR/tmp"
T=$(mktemp -d "$BUILD_DIR/tmp/$TEST.XXXXXX") # scratch space, removed when the test passes
ROOT=$T/root
mkdir -p "$ROOT"
export XEND_ROOT="$ROOT"
unset XM_SERVER XM_CONFIG_FILE
# What a sanitizer has to say, of xend in the background too, makes the test fail (cleanup).
export ASAN_OPTIONS="log_path=$T/sanitizer" UBSAN_OPTIONS="log_path=$T/sanitizer:print_stacktrace=1"
export TSAN_OPTIONS="log_path=$T/sanitizer:suppressions=$PWD/tests/tsan.supp"
PIDS='' # background processes of the test

fail() {
    echo "$TEST: FAILED: $*" >&2
    exit 1
}

skip() {
    echo "$TEST: skipped: $*" >&2
    exit 77
}

# requires TOOL...: skips the test when one is missing.
requires() {
    for tool_; do
        command -v "$tool_" >/dev/null 2>&1 || skip "$tool_ is missing"
    done
}

# cleanup: at the end of a test. A trap of a test's own does its work and then calls at_end, which keeps
# the exit status: trap 'at_end rm -f "$x"' EXIT
at_end() {
    status_=$?
    set +e
    "$@"
    (exit $status_)
    cleanup
}

cleanup() {
    status_=$?
    trap - EXIT
    for pid_ in $PIDS; do
        kill "$pid_" 2>/dev/null || true
    done
    [ ! -f "$ROOT/var/run/xend.pid" ] || stop_xend || true
    for report_ in "$T"/sanitizer*; do
        [ ! -e "$report_" ] || { head -n 60 "$report_" >&2; status_=1; }
    done
    if [ $status_ = 0 ] || [ $status_ = 77 ]; then
        rm -rf "$T"
    else
        echo "$TEST: left behind for you: $T" >&2
        tail -n 5 "$ROOT/var/log/xen/xend.log" >&2 2>/dev/null || true
    fi
    exit $status_
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

xm() {
    "$BUILD_DIR/xm" "$@"
}

xend() {
    "$BUILD_DIR/xend" "$@"
}

# start_xend [DRIVER]: returns when it answers.
start_xend() {
    xend start --root "$ROOT" --driver "${1:-test}" >"$T/xend.out" 2>&1 ||
        fail "xend does not start: $(cat "$T/xend.out")"
}

stop_xend() {
    xend stop --root "$ROOT" >>"$T/xend.out" 2>&1
}

# background CMD...: runs it in the background, ended with the test; its pid is $!.
background() {
    "$@" &
    PIDS="$PIDS $!"
}

# run CMD...: keeps its standard output in $out, its errors in $err, its exit status in $status.
run() {
    status=0
    "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
    out=$(cat "$T/out")
    err=$(cat "$T/err")
}

# assert_eq WANTED GOT [WHAT]
assert_eq() {
    [ "$1" = "$2" ] || fail "${3:-output}:
--- wanted
$1
--- got
$2"
}

# assert_match ERE TEXT [WHAT]: some line matches.
assert_match() {
    printf '%s\n' "$2" | grep -Eq -e "$1" || fail "${3:-output}:
--- wanted a line like
$1
--- got
$2"
}

assert_no_match() {
    ! printf '%s\n' "$2" | grep -Eq -e "$1" || fail "${3:-output}: a line is like '$1':
$2"
}

# assert_ok CMD..., assert_fails STATUS CMD...: run, with the exit status checked.
assert_ok() {
    run "$@"
    [ "$status" = 0 ] || fail "$*: exit status $status: $err"
}

assert_fails() {
    want_=$1
    shift
    run "$@"
    [ "$status" = "$want_" ] || fail "$*: exit status $status, not $want_: $out $err"
}

# api METHOD PATH [CURL ARGUMENT...]: prints the body of the answer.
api() {
    method_=$1 path_=$2
    shift 2
    # From its directory, for a socket's path has 107 bytes at most.
    (cd "$ROOT/var/run/xend" &&
        curl -s --max-time 70 --unix-socket xend.sock -X "$method_" "$@" "http://xend$path_")
}

# eventually CMD...: until CMD succeeds, tried again at each change of the list of domains.
eventually() {
    requires curl
    give_up_=$(($(date +%s) + ${TIMEOUT:-30}))
    while :; do
        generation_=$(api GET /v1/domains | sed 's/.*"generation":"\([^"]*\)".*/\1/')
        ! "$@" || return 0
        [ "$(date +%s)" -lt $give_up_ ] || fail "not within ${TIMEOUT:-30} s: $*"
        api GET "/v1/domains?since=$generation_&wait=5" >/dev/null
    done
}

# fault_cases LOG: each point of an XEND_FAULT_LOG as what XEND_FAULT takes, NAME:N
fault_cases() {
    sort "$1" | uniq -c | while read -r times_ name_; do
        seq "$times_" | sed "s/^/$name_:/"
    done
}

# make_config NAME [LINE...]: writes the least configuration; prints the file's name.
make_config() {
    config_=$T/$1.cfg
    {
        printf "name = '%s'\nmemory = 64\nkernel = '%s'\n" "$1" "$T/kernel"
        shift
        for line_; do
            printf '%s\n' "$line_"
        done
    } >"$config_"
    [ -f "$T/kernel" ] || echo kernel >"$T/kernel"
    echo "$config_"
}

# create NAME [LINE...]: a domain of that configuration, running.
create() {
    file_=$(make_config "$@")
    assert_ok xm create -q "$file_"
}

# domain_state NAME
domain_state() {
    xm list --json "$1" | sed -n 's/^ *"state": "\(.*\)",*$/\1/p'
}

# hear TEXT: reads lines from descriptor 5, a console, until one that has it
hear() {
    while read -r line <&5; do
        case $line in *"$1"*) return ;; esac
    done
    fail "the console ended before it said '$1'"
}

# domains FROM TO: makes that many, d00001 and so on, by one curl
domains() {
    seq "$1" "$2" | awk '{
        printf "next\nurl = \"http://xend/v1/domains\"\nunix-socket = xend.sock\nrequest = POST\n"
        printf "output = /dev/null\n"
        printf "data = \"{\\\"spec\\\":{\\\"name\\\":\\\"d%05d\\\",\\\"kernel\\\":\\\"/k\\\"}}\"\n", $1
    }' | sed 1d >"$T/curl"
    (cd "$ROOT/var/run/xend" && curl -s -K "$T/curl")
    assert_eq $(($2 + 1)) "$(api GET '/v1/domains?fields=name' | tr ',' '\n' | grep -c '"name"')"
}

# serve ANSWER...: a xend that is none answers with these (system/canned.py has what they may be) and writes
# what it is asked to $T/s/requests; xm finds it.
serve() {
    rm -rf "$T/s"
    mkdir "$T/s"
    mkfifo "$T/s/ready"
    python3 tests/system/canned.py "$T/s/sock" "$@" >"$T/s/ready" &
    PIDS="$PIDS $!"
    read -r _ <"$T/s/ready"
    XM_SERVER=unix:$T/s/sock
    export XM_SERVER
}
