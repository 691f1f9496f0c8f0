tmp = [1, 2, 3]
n = len(tmp)
del tmp
a = b = 1
del a, b
for i in range(3):
    pass
del i
