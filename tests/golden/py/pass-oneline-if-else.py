xen4 = 1
if xen4: kernel = 'new'
else: kernel = 'old'
x = 3
if x == 1: y = 'one'
elif x == 3: y = 'three'
else: y = 'many'
