d = {'bridge': 'xenbr0'}
x = d['brige']
