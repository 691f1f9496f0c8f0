def a(x):
    return b(x)
def b(y):
    return y + none_such
def c(z):
    return a(z)
v = c(1)
