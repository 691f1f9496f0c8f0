vcpus = 4
numa = {0: range(0, 8), 1: range(8, 16)}
cpus = [str(c) for c in numa[1][:vcpus]]
mask = reduce(lambda m, c: m | 1 << c, numa[0], 0)
avail = (1 << vcpus) - 1
