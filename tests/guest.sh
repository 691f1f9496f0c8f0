# Helpers of the tests with real guests, on top of functions.sh: the guest that scripts/mkguest
# makes. shellcheck shell=sh

[ -e "build/guest/vmlinux" ] || skip "no guest: make guest"
requires qemu-system-x86_64
GUEST=$PWD/build/guest

# guest_config NAME [LINE...]: a configuration of the test guest; prints the file's name.
guest_config() {
    config_=$T/$1.cfg
    {
        printf "name = '%s'\nmemory = 128\nkernel = '%s/vmlinux'\nramdisk = '%s/initrd.img'\n" \
            "$1" "$GUEST" "$GUEST"
        printf "extra = 'console=ttyS0 quiet'\n"
        shift
        for line_; do
            printf '%s\n' "$line_"
        done
    } >"$config_"
    echo "$config_"
}

# wait_console NAME TEXT: until the guest's console has said it.
wait_console() {
    log_=$ROOT/var/log/xen/console/guest-$1.log
    timeout "${TIMEOUT:-60}" tail -n +1 -F "$log_" 2>/dev/null | grep -qa -m 1 -e "$2" ||
        fail "$1 did not say '$2': $(tail -n 5 "$log_")"
}

# boot NAME [LINE...]: creates it and waits until it is up.
boot() {
    file_=$(guest_config "$@")
    assert_ok xm create -q "$file_"
    wait_console "$1" 'guest: ready'
}

# viewer NAME: from now on `tell` types on its console
viewer() {
    exec 3>&-
    rm -f "$T/in"
    mkfifo "$T/in"
    background sh -c "exec '$BUILD_DIR/xm' console -q --history=0 $1 <'$T/in' >/dev/null 2>&1"
    exec 3>"$T/in"
}
# tell COMMAND
tell() {
    printf '%s\n' "$1" >&3
}
# guest NAME COMMAND WORDS: the guest that is viewed says the words when the command has come to its end
guest() {
    tell "$2; echo \"$(echo "$3" | sed 's/./&""/')\""
    wait_console "$1" "$3"
}

# qemu_pid NAME: of its QEMU, by its state file.
qemu_pid() {
    uuid_=$(xm list --json "$1" | sed -n 's/^ *"uuid": "\(.*\)",$/\1/p')
    sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$ROOT/var/run/xend/qemu/$uuid_/state.json"
}

# holders DIR: the pids of the QEMUs that have a file or socket below DIR open.
holders() {
    find /proc/[0-9]*/fd -lname "$1/*" 2>/dev/null | cut -d/ -f3 | sort -u | while read -r pid_; do
        case $({ tr '\000' ' ' <"/proc/$pid_/cmdline"; } 2>/dev/null) in
        *qemu-system*) echo "$pid_" ;;
        esac
    done
}

# A test that failed leaves no guest of its own behind: QEMUs outlive xend by design.
end_guests() {
    for pid_ in $(holders "$T"); do
        kill -9 "$pid_" 2>/dev/null || true
    done
}
trap 'at_end end_guests' EXIT

# nothing_left: no QEMU of this test runs, no run directory is kept.
nothing_left() {
    left_=$(find "$ROOT/var/run/xend/qemu" -mindepth 1 -type d 2>/dev/null)
    assert_eq '' "$left_" "left run directories"
    assert_eq '' "$(holders "$T")" "left processes"
}
