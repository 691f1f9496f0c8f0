if memory == 1
    x = 2
