sizes = {'small': lambda: (512, 1), 'large': lambda: (4096, 4)}
memory, vcpus = sizes['large']()
ops = [('+', lambda a, b: a + b), ('*', lambda a, b: a * b)]
r = [(name, f(3, 4)) for name, f in ops]
key = sorted(['10', '9', '100'], key=lambda s: int(s))
adders = [lambda x, n=n: x + n for n in range(3)]
s = [f(10) for f in adders]
