name = "x"
if name:
    memory = 1