#!/bin/sh
# The kill -9 matrix of xend-faults.sh with real guests.
DRIVER=qemu exec sh tests/system/xend-faults.sh
