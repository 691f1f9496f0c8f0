extra = ' '.join(['root=/dev/xvda1', 'ro', 'console=hvc0', 'xencons=tty'])
import string
args = string.join(['a', 'b', 'c'], ',')
words = string.split("one two  three")
up = string.upper("abc")
rep = string.replace("a-b-c", "-", "_")
host, domain = "web1.example.org".split('.', 1)
fqdn = host + '.' + domain
parts = "k1=v1;k2=v2".split(';')
pairs = dict([p.split('=') for p in parts])
