# oracle: bounded
x = [0] * 10 ** 10
