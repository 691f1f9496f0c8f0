def mac(vm, nic=0):
    """A MAC of Xen's range from the numbers of VM and interface."""
    return "00:16:3e:%02x:%02x:%02x" % (vm / 256, vm % 256, nic)

def nic(vm, n, bridge='xenbr0', **more):
    s = "mac=%s,bridge=%s" % (mac(vm, n), bridge)
    for k in sorted(more.keys()):
        s = s + ",%s=%s" % (k, more[k])
    return s

ID = 777
vif = [nic(ID, 0), nic(ID, 1, 'xenbr1'), nic(ID, n=2, bridge="br2", rate="10Mb/s", model='e1000')]
