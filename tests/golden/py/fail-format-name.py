x = "{name}".format(nam=1)
