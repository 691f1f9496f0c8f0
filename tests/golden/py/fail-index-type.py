disk = ['a']
x = disk['0']
