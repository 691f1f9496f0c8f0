disk = ['a', 'b']
x = disk[2]
