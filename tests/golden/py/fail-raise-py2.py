raise RuntimeError, "stop here"
