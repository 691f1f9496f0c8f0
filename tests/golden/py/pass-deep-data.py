matrix = [[(i, j) for j in range(3)] for i in range(2)]
conf = {'vms': [{'name': 'a', 'nics': [{'br': 'x'}]}, {'name': 'b', 'nics': []}]}
names = [vm['name'] for vm in conf['vms'] if vm['nics'] or vm['name'] == 'b']
first = conf['vms'][0]['nics'][0]['br'].upper()[0:1]
conf['vms'].append({})
conf['vms'][-1]['name'] = 'c'
total = len(conf['vms'])
