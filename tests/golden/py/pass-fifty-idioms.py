import os, sys, re, string
import os.path as p
from os.path import basename
name = 'web01'
a1 = "%(name)s-x" % vars()
a2 = "%(name)s" % locals()
a3 = name[::-1]
a4 = [i for i in xrange(3) if i]
a5 = '{0:02d}-{1}'.format(3, name)
a6 = hex(10)[2:] + '%x' % 255 + chr(97 + 1) + str(int('ff', 16))
a7 = sum(ord(c) for c in name)
a8 = string.zfill(str(3), 2) + string.lower('ABC')
f = lambda x, y=2: x * y
a9 = f(2)
a10 = p.dirname('/a/b') + basename('/c/d')
a11 = str.join(",", ['a', 'b'])
a12 = ",".join(map(str, range(3)))
a13 = list(enumerate(['x'], start=1))
a14 = zip(*[(1, 2), (3, 4)])
a15 = dict(zip('ab', [1, 2]))
a16 = sorted(a15.items(), key=lambda kv: -kv[1])
a17 = any([0, 1]), all([])
a18 = re.sub(r'(\d+)', lambda m: str(int(m.group(1)) + 1), name)
a19 = re.compile('[a-z]').findall(name)
for k, v in a15.iteritems():
    pass
try:
    unicode
except NameError:
    unicode = str
a20 = isinstance(3, (int, long))
a22 = int(round(2.5)), divmod(7, 2), pow(2, 3), ~0x0f & 0xff
a23 = "%d%%" % 5
x = [1, 2, 3, 4]
del x[0]
x[1:2] = []
a25 = "%-5s|%5.1f|%+d|%05d|%e" % ('a', 2.25, 3, 42, 12345.678)
a26 = name.startswith(('web', 'db')), name.endswith('1')
a27 = 'a,b;c'.replace(';', ',').split(',')
a28 = max([3, 1], key=lambda v: -v), min(4, 2)
a29 = [[0] * 2 for _ in range(2)]
a30 = {c: ord(c) for c in 'ab'}
a31 = ' '.join(w.capitalize() for w in 'a b'.split())
a32 = '%s' % (None,) + repr('it\'s')
def outer():
    def inner(n):
        return n if n < 2 else inner(n - 1) + inner(n - 2)
    return inner(10)
a33 = outer()
a34 = name.translate(None, 'w') if 0 else 1
a35 = "{:>8}|{:<4}|{:^6}|{!r}".format('r', 'l', 'c', 'q')
a36 = f"{name!r:>10} {3.14159:.2f} {255:#x} {1000000:,}"
a37 = 1 if 'x' not in name and not False else 2
a38 = tuple(sorted(set([3, 1, 3])))
a39 = reduce(lambda s, t: s + t, [[1], [2]])
a40 = "abc".center(9, '*').rjust(10).ljust(11).expandtabs()
a41 = 'x' * 3 + 'y' 'z'
a42 = round(1.005, 2), abs(-3), 7 // 2, -7 // 2, 7 % -3, 2 ** 10, 1e3, .5
a43 = [y for x in [[1, 2], [3]] for y in x]
a44 = (lambda *a, **k: (len(a), sorted(k)))(1, 2, z=1, b=2)
a45 = "a\tb\x41\101\u20ac"
a46 = os.path.splitext('/a/b.cfg')[0].rsplit('/', 1)[-1]
a47 = os.path.isabs('/x'), os.path.normpath('/a/../b')
a48 = list(reversed([1, 2])), list(filter(None, [0, 1])), list(map(lambda a, b: a + b, [1], [2]))
a49 = '%s' % [1, 'a', None, True, {'k': 1.5}]
a50 = bool('') or None
