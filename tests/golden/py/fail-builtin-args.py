x = len()
