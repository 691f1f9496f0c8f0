name = web-1
