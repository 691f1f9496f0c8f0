def check(v):
    if v < 1:
        raise ValueError("vmid must be 1 or more")
    return v
x = check(0)
