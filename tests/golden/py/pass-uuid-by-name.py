# a stable uuid from a number
def make_uuid(n):
    h = '%032x' % (0xabcdef * 65537 + n)
    return '-'.join([h[0:8], h[8:12], h[12:16], h[16:20], h[20:32]])
uuid = make_uuid(5)
ok = len(uuid) == 36
