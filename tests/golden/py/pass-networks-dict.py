networks = {
    'lan':  {'bridge': 'xenbr0', 'net': '10.0.0.%d', 'gw': '10.0.0.1'},
    'dmz':  {'bridge': 'xenbr1', 'net': '172.16.5.%d', 'gw': '172.16.5.1'},
    'mgmt': {'bridge': 'xenbr2', 'net': '192.168.99.%d', 'gw': None},
}
host = 42
mine = ['lan', 'mgmt']
vif = ['bridge=%s,ip=%s' % (networks[n]['bridge'], networks[n]['net'] % host) for n in mine]
gateways = [networks[n]['gw'] for n in sorted(networks) if networks[n]['gw']]
gateway = gateways[0]
if networks.has_key('lan') and not networks.has_key('wan'):
    extra = 'lan'
keys = networks.keys()
