tmpl = '''
name=%(name)s
ip=%(ip)s
'''
cfg = {'name': 'a', 'ip': '10.0.0.1'}
text = tmpl % cfg
lines = [l.strip() for l in text.split('\n') if l.strip()]
kv = {}
for line in lines:
    k, v = line.split('=', 1)
    kv[k] = v
