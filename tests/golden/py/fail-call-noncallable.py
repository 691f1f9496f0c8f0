disk = [ 'a' ('b') ]
x = "text"(1)
