# oracle: bounded
l = []
for i in range(100):
    l.append("x" * (200000 + i))
