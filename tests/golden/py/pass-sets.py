a = sorted(set([3, 1, 3, 2]))
b = sorted({1, 2} | {2, 3}), sorted({1, 2} & {2, 3}), sorted({1, 2} - {2, 3}), sorted({1, 2} ^ {2, 3})
c = {1} < {1, 2}, {1, 2} <= {1, 2}, {1} == set([1]), 1 in {1, 2}
s = set()
s.add('x'); s.add('x'); s.discard('nope')
d = len(s)
used = set(['xvda', 'xvdb'])
free = [x for x in ['xvda', 'xvdc'] if x not in used]
