a = [1 and 2, 0 and 2, 1 or 2, 0 or 2, '' or 'default', None or [], not 1, not '']
b = [bool(0), bool(''), bool([]), bool('0'), bool([0]), bool(None), bool(0.0), bool({})]
c = 1 if [] else 2
d = (1 == 1) + (2 > 1)
e = not 1 == 2
f = 1 or 1 / 0
g = 'a' if 'b' else 'c' if 'd' else 'e'
h = (lambda x: x)(1) or 2
