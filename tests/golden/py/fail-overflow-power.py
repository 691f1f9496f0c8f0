# oracle: integers of 64 bits
x = 2 ** 64
