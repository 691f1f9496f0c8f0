x = next([1])
