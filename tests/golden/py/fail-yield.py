# oracle: generators are not part of the language
def f():
    yield 1
