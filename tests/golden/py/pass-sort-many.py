vms = [('web', 3), ('db', 1), ('app', 3), ('cache', 2)]
a = sorted(vms)
b = sorted(vms, key=lambda v: (-v[1], v[0]))
vms.sort(key=lambda v: v[1], reverse=True)
c = [v[0] for v in vms]
d = sorted([[2, 'b'], [1, 'z'], [2, 'a']])
e = min(vms, key=lambda v: v[1]), max(vms, key=lambda v: len(v[0]))
f = sorted("hello"), sorted({'b': 1, 'a': 2}), sorted((3, 1))
