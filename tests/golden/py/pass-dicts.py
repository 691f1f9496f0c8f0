d = {'a': 1, 'b': 2}
d['c'] = 3
a = d['a'], d.get('x'), d.get('x', 0), len(d), 'a' in d, sorted(d.keys()), sorted(d.values())
b = sorted(d.items())
del d['a']
d.update({'z': 26}); d.update(y=25)
c = d.pop('z'), d.pop('nope', None), d.setdefault('n', []), d.setdefault('b', 9)
d['n'].append(1)
e = dict(a=1, b='x'), dict([('k', 'v')]), dict({'q': 1}, r=2)
f = {}
for w in 'a b a c a'.split():
    f[w] = f.get(w, 0) + 1
g = {1: 'one', (1, 2): 'pair'}[(1, 2)]
h = {'nested': {'deep': [1, {'x': None}]}}
i = h['nested']['deep'][1]['x']
h['nested']['deep'][0] += 1
j = d.copy() == d, d == {}, {'a': 1} != {'a': 2}
k = [k for k in {'x': 1, 'y': 2}]
n = {1: 'int key', 'two': 2}
