name = "stray"
 memory = 512
  vif = [ 'bridge=br0' ]
	vcpus = 2
if vcpus == 2:
    maxvcpus = 4
extra = "x"
  
   # comment
 root = "/dev/xvda1"
