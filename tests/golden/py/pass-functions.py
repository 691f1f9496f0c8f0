def add(a, b=10, *rest, **kw):
    total = a + b
    for r in rest:
        total += r
    for k in kw:
        total += kw[k]
    return total
r1 = [add(1), add(1, 2), add(1, 2, 3, 4), add(a=1, b=2), add(1, c=100), add(*[1, 2, 3]), add(**{'a': 5})]
def outer(n):
    def inner(x):
        return x * n
    return inner
double = outer(2)
r2 = [double(5), outer(3)(4)]
sq = lambda x: x ** 2
r3 = [sq(4), (lambda a, b=2: a + b)(1), (lambda: 7)()]
def fact(n):
    if n <= 1:
        return 1
    return n * fact(n - 1)
r4 = fact(10)
count = 0
def bump():
    global count
    count += 1
bump(); bump()
def nothing(): pass
r5 = nothing()
def defaults(l=[1]):
    return l
r6 = defaults()
def typed(a: int, b: str = "x") -> str:
    return b * a
r7 = typed(2)
