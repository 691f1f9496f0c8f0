# oracle: values are trees
l = []
l.append(l)
