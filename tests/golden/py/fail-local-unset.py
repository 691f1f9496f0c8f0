n = 1
def f():
    n += 1
    return n
x = f()
