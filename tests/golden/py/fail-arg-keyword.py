def mac(vm, nic=0):
    return vm
x = mac(1, nick=2)
