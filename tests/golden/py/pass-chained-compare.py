vcpus = 4
ok = 1 <= vcpus <= 8
no = 1 < vcpus < 4
eq = vcpus == 4 == 4.0
mixed = 'a' < 'b' <= 'b' != 'c'
inn = 2 in [1, 2] and 3 not in (1, 2) and 'x' in 'xyz' and 'k' in {'k': 1}
is_none = None is None and vcpus is not None
lists = [1, 2] < [1, 3] and (1,) < (1, 0)
