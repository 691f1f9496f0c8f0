def letters(first, count):
    for i in range(count):
        yield chr(ord(first) + i)
    if count > 3:
        return
    yield '-'

def both():
    yield 'x'
    yield from letters('a', 2)

a = list(letters('b', 2))
b = ','.join(both())
it = iter(['p', 'q'])
c = next(it) + next(it)
d = next(it, 'none')
g = (n * n for n in range(4))
e = [next(g), next(g)]
f = list(g)
h = list(g)
try:
    next(it)
    i = 'more'
except StopIteration:
    i = 'end'
j = next(x for x in [1, 2, 3] if x > 1)
k, l = letters('m', 1)
for n in letters('y', 4):
    if n == 'z':
        break
def none():
    return
    yield
m = [x for x in none()]
