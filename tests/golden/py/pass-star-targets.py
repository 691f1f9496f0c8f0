first, *rest = [1, 2, 3]
*init, last = 'abc'
a, *b, c = range(2)
for x, *y in [(1, 2, 3), (4, 5)]:
    pass
t = *rest, first
def f(*args):
    head, *tail = args
    return tail
u = f(1, 2, 3)
