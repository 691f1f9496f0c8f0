def mac(vm, nic):
    return vm
x = mac(1)
