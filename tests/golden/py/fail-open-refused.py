# oracle: files may not be read
x = open('/etc/hostname').read()
