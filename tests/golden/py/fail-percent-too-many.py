name = "web" % 1
