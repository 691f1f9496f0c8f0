node = 12
assert node <= 8, "there are only 8 nodes"
