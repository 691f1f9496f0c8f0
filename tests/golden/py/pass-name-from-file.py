import os.path
name = os.path.basename('/etc/xen/auto/web1.cfg')
name = os.path.splitext(name)[0]
base = os.path.join('/srv/xen', name, 'disk.img')
parent = os.path.dirname(base)
norm = os.path.normpath('/srv//xen/../xen/./x')
abs_ = os.path.isabs(base)
disk = ['file:' + base + ',xvda,w']
