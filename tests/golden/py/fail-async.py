# oracle: nothing to wait for
async def f():
    pass
