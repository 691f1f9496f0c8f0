import string
name = "san-client"
vg = "/dev/vg_san"
disks = "root swap home var srv".split()
disk = [ "phy:%s/%s-%s,xvd%s,w" % (vg, name, d, string.lowercase[i]) for i, d in enumerate(disks) ]
disk2 = []
i = 0
while i < 3:
    disk2 += [ 'phy:' + vg + '/' + name + '-data' + str(i) + ',xvd' + chr(ord('f') + i) + ',w' ]
    i = i + 1
