x = 1
if x == 1:
    y = 1
else if x == 2:
    y = 2
