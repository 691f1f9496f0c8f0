# oracle: generators take no values
def f():
    x = yield 1
