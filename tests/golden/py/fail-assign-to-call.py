int(x) = 5
