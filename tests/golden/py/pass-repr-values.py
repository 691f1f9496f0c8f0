a = repr('it\'s'), repr("q\"'"), repr('tab\t'), repr('\x01'), repr([None, True, 1.5, 'x', (1,), {}])
b = str(('a', 1)), str(['a']), '%r' % ("it's",), str({'a': [1]})
c = repr(1e100), repr(1.0), repr(-0.5), repr(1e-10), repr(123456.789), repr(1.1), repr(100.0)
d = str(3.0), str(1/3.0), repr(2.0**70), str(1e22), str(0.30000000000000004)
