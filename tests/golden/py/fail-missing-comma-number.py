cpus = [ 1 2 ]
