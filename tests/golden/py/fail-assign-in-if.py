memory = 1
if memory = 1:
    x = 2
