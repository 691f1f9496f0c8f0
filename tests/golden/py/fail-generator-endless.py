# oracle: bounded
def f():
    while True:
        yield 1
for x in f():
    break
