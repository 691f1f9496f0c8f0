name = 'router1'
bridges = ['xenbr0', 'xenbr1', 'xenbr2', 'dmz']
vif = []
for i in range(len(bridges)):
    vif.append('mac=00:16:3e:aa:bb:%02x,bridge=%s' % (i + 1, bridges[i]))
n = len(vif)
