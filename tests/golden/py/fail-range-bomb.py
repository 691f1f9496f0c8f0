# oracle: bounded
x = range(10 ** 9)
