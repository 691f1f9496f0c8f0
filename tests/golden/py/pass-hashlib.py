import hashlib
a = [hashlib.md5(('x' * n).encode()).hexdigest() for n in (0, 1, 55, 56, 63, 64, 65, 119, 120, 1000)]
b = [hashlib.sha1(('ab' * n).encode()).hexdigest() for n in (0, 1, 27, 28, 31, 32, 33, 500)]
h = hashlib.md5()
h.update('web'.encode())
h.update('01'.encode())
c = h.hexdigest() == hashlib.md5('web01'.encode()).hexdigest()
mac = '00:16:3e:%s:%s:%s' % (a[0][0:2], a[0][2:4], a[0][4:6])
