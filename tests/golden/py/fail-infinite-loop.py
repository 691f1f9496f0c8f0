# oracle: bounded
while True:
    pass
