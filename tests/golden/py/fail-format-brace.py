x = "{".format(1)
