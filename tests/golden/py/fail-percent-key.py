x = "%(memroy)s" % {'memory': 1}
