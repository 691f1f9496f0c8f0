vm-name = "x"
