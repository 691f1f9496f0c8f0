print "a", "b"
print "trailing comma",
print("x", 1, sep='-')
print ("a"), "b"
print
print 1 + 1
print [1, 2], (3, 4)
print "%s" % "x"
printed = 1
print_later = 2
