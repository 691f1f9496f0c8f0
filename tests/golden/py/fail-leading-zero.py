vcpus = 08
