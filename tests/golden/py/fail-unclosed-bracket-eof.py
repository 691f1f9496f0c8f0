vif = [ 'bridge=br0', (1,
