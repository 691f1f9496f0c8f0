# oracle: python has decorators
@property
def f():
    pass
