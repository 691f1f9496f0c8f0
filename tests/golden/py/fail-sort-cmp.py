x = [2, 1]
x.sort(lambda a, b: None)
