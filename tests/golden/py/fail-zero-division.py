vcpus = 0
share = 100 / vcpus
