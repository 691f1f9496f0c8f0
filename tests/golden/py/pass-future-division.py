from __future__ import division, print_function
half = 1 / 2
third = 7 // 2
print("x", end='')
