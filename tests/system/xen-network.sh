#!/bin/sh
# network-bridge with what only dom0's kernel has here: over a bond and over a VLAN on it, behind a slow and
# lossy cable; it dies at each step, and the network always returns. In dom0 only (tests/rig/suite).
set -e
modprobe bonding max_bonds=0
modprobe -a 8021q sch_netem
for card in bond0 bond0.5; do
    CARD=$card SHELLS=dash sh tests/system/root-network-bridge.sh
done
