memory = 512L
mode = 0644
old = 0777
if memory <> 256:
    big = 1
print "loading", memory
print
print >>sys.stderr, "to stderr"
print ("formatted %d") % memory
print("call %d" % memory)
d = {'a': 1}
if d.has_key('a'):
    found = True
for k, v in d.iteritems():
    last = k
try:
    raise ValueError, "bad"
except ValueError, e:
    text = str(e)
try:
    x = {}['none']
except (KeyError, IndexError), e2:
    x = None
r = [i for i in xrange(3)]
s = unicode("u") + u"v"
is_str = isinstance(s, basestring)
