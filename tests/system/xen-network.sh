#!/bin/sh
# network-bridge with what only dom0's kernel has here: on a VLAN over a bond, behind a slow and lossy
# cable, it dies at each step, and the network always returns. In dom0 only (tests/rig/suite).
modprobe bonding max_bonds=0
modprobe -a 8021q sch_netem
CARD=bond0.5 SHELLS=dash exec sh tests/system/root-network-bridge.sh
