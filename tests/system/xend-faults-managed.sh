#!/bin/sh
# The kill -9 matrix of xend-faults.sh, of managed domains and of devices.
PART=managed exec sh tests/system/xend-faults.sh
