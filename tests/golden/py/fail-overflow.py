# oracle: integers of 64 bits
x = 9223372036854775807 + 1
