fqdn = "db3.prod.example.com"
host = fqdn.split('.')[0]
num = int(host.lstrip('abcdefghijklmnopqrstuvwxyz'))
env = fqdn.split('.')[1]
ip = '10.%d.%d.%d' % ({'prod': 1, 'test': 2}[env], 0, 100 + num)
mac = '00:16:3e:' + ':'.join(['%02x' % int(o) for o in ip.split('.')[1:]])
dom = '.'.join(fqdn.split('.')[-2:])
