n = 3
name = "VM" + n
