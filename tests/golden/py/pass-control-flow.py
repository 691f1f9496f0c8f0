out = []
for i in range(10):
    if i == 2:
        continue
    elif i == 5:
        break
    else:
        out.append(i)
else:
    out.append('never')
for i in []:
    pass
else:
    out.append('empty')
n = 3
while n > 0:
    n -= 1
    if n == 100: break
else:
    out.append('done')
while True:
    n += 1
    if n > 4:
        break
def f(x):
    for i in x:
        if i > 2:
            return i
    return None
r = f([1, 2, 3, 4]), f([])
if n: one = 1; two = 2
if 0: three = 3
else: four = 4
