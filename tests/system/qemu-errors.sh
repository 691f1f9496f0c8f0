#!/bin/sh
# What can be wrong with a guest: each has its own words, and leaves nothing behind.
. tests/functions.sh
. tests/guest.sh

start_xend qemu
# wrong LINE WORDS: creating web1 with this line fails with these words
wrong() {
    file=$(guest_config web1 "$1")
    assert_fails 1 xm create -q "$file"
    assert_match "$2" "$err" "$1"
    assert_fails 3 xm domid web1
    nothing_left
}
echo "I am no kernel, I am a text of some length that goes on" >"$T/text"
: >"$T/empty"
wrong "kernel = '/no/such/kernel'" '/no/such/kernel: No such file or directory'
wrong "kernel = '$T/text'" "$T/text.*not a kernel|$T/text.*is no kernel"
wrong "kernel = '$T/empty'" "$T/empty: "
wrong "kernel = '/etc'" '/etc: .*(directory|not a (regular )?file)'
wrong "ramdisk = '/no/such/initrd'" '/no/such/initrd: No such file or directory'
wrong "disk = ['file:/no/such.img,vda,w']" 'vda.*/no/such.img: No such file or directory'
wrong "disk = ['file:$T,vda,w']" "$T.*: .*directory"
wrong "memory = 0" 'memory: 0 is not between 1 and'
wrong "memory = 1000000" 'memory: 1000000 MiB .*the host has [0-9]+ MiB'
wrong "vcpus = 0" 'vcpus: 0 is not between 1 and'
wrong "vif = ['bridge=xenbr0']" 'bridge'
wrong "machine = 'nonsense'" 'no such machine type'
wrong "machine = 'nonsense'; tsc_mode = 1" 'tsc_mode: the qemu driver does not have it; ignored'
wrong "disk = ['tap:qcow2:$T/text,vda,w']" 'smaller than a sector'
seq 1 2000 >"$T/numbers"
wrong "disk = ['tap:qcow2:$T/numbers,vda,w']" 'vda.*numbers.*qcow2'

# a name, a uuid and a disk that somebody has
boot web2 "uuid = '12345678-1234-4321-8888-0123456789ab'"
file=$(guest_config web2)
assert_fails 1 xm create -q "$file"
assert_match "Domain 'web2' already exists with ID '[0-9]+'" "$err"
wrong_uuid=$(guest_config web3 "uuid = '12345678-1234-4321-8888-0123456789ab'")
assert_fails 1 xm create -q "$wrong_uuid"
assert_match "Domain 'web2' has this uuid already" "$err"
assert_ok xm destroy web2
nothing_left
