name = "dos"
memory = 128
if memory > 64:
    vcpus = 2
disk = [ 'a',
    'b' ]
s = '''x
y'''
