# oracle: comparisons are Python 2
a = [3, 1, 2]
a.sort(lambda x, y: y - x)
b = sorted(['b', 'A'], lambda x, y: cmp(x.lower(), y.lower()))
c = sorted([1, 2], cmp=lambda x, y: cmp(y, x))
d = [cmp(1, 2), cmp('b', 'a'), cmp([1], [1])]
e = dict.fromkeys(['a', 'b'], 0)
f = {}.fromkeys('xy')
