l = [3, 1, 2]
l.append(5); l.extend([9, 8]); l.insert(0, 7); l.insert(-1, 6)
a = l[:]
l.sort()
b = list(l)
l.reverse()
c = l[0], l[-1], l[1:3], l[::-1], l[::2], l[:2], l[-2:], l[5:100], l[3:1]
d = l.pop(), l.pop(0), len(l), l.index(6), l.count(6), 6 in l
l.remove(6)
e = [1] * 3 + [2] + list((3,)) + list("ab")
f = sorted(['b', 'A', 'c']), sorted([3, 1, 2], reverse=True), sorted(['bb', 'a'], key=len)
g = list(reversed([1, 2, 3]))
l[0] = 'x'
l[1:3] = ['y', 'z', 'w']
del l[0]
h = [1, 2, 3, 4, 5]
del h[1:3]
h += (6, 7)
h *= 2
i = zip([1, 2, 3], 'abc')
j = map(str, [1, 2]) + filter(None, [0, 1, '', 'x']) + map(lambda a, b: a + b, [1, 2], [3, 4])
k = [x for x in enumerate(['a', 'b'])], [x for x in enumerate('ab', 1)]
m = reduce(lambda a, b: a * b, [1, 2, 3, 4])
n = [[0] * 2 for _ in range(2)]
n[0][1] = 5
o = l
o.append('shared')
p = (1, 2) + (3,)
q = ()
r = 1,
