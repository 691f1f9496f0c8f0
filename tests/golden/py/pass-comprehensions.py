a = [x * 2 for x in range(5)]
b = [x for x in range(10) if x % 2 if x > 3]
c = [(x, y) for x in range(2) for y in 'ab']
d = {k: v for k, v in [('a', 1), ('b', 2)]}
e = sorted({x % 3 for x in range(10)})
f = list(x + 1 for x in [1, 2])
g = sum(x for x in range(4))
h = [[i * j for j in range(3)] for i in range(3)]
i = ['%s=%s' % kv for kv in sorted({'b': 2, 'a': 1}.items())]
x = 'outer'
j = [x for x in range(2)]
k = x
l = dict((n, len(n)) for n in ['aa', 'b'])
m = any(x > 2 for x in [1, 3]) and all(x for x in [1, 2])
y = [1, 2]
n = [y for y in y]
