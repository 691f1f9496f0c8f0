def describe(x):
    if isinstance(x, bool): return 'bool'
    if isinstance(x, (int, long)): return 'int'
    if isinstance(x, str): return 'str'
    if isinstance(x, (list, tuple)): return 'seq of %d' % len(x)
    if isinstance(x, dict): return 'dict'
    return type(x).__name__
r = [describe(x) for x in [True, 1, 'a', [1], (1, 2), {}, 1.5]]
s = type('a') == str, type(1) is int, type([]) == type([]), type(None) == type(1)
t = str(12) + repr('x') + str(1.0) + str(None) + str([1, 'a']) + str({'k': (1,)}) + str(1e20) + repr(0.1)
u = callable(len), callable(1), hasattr('x', 'upper'), hasattr('x', 'nope')
v = list(map(int, '1 2 3'.split())), tuple([1]), list({'a': 1}), bool(-1), str(True)
