memory = "512"
if memory > 256:
    big = 1
