# names in text, methods of types, stars in displays
import os, sys
root = '/dev/xvda1'
mem = 5
extra = "root=%(root)s mem=%(mem)d" % locals()
e2 = "root={root}".format(**globals())
def f(a, b=2):
    c = 3
    return "%(a)s%(b)s%(c)s" % vars()
g = f(1)
up = map(str.upper, ['a', 'b'])
st = [s for s in map(str.strip, [' x', 'y '])]
j = str.join(',', ['a', 'b'])
common = {'bridge': 'br0', 'model': 'e1000'}
d = {**common, 'bridge': 'br1'}
l = [*range(3), 9, *'ab']
s = len({*l, 1})
m = os.uname().machine == os.uname()[4]
x = getattr('abc', 'upper')(), getattr('abc', 'nope', 5)
