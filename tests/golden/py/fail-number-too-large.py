# oracle: integers of 64 bits
x = 99999999999999999999
