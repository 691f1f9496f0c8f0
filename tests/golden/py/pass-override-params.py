# args: name=web7 mem=2048
try:
    memory = int(mem)
except NameError:
    memory = 512
try:
    vcpus = int(cpus_wanted)
except NameError:
    vcpus = 1
kernel = '/boot/vmlinuz'
vif = ['vifname=%s.0,bridge=xenbr0' % name]
