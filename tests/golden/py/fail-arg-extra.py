def mac(vm):
    return vm
x = mac(1, 2)
