from collections import OrderedDict
hosts = OrderedDict([('web', 1), ('db', 2)])
hosts['mail'] = 3
names = list(hosts)
total = sum(hosts.values())
