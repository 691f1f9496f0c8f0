production = True
memory = production and 4096 or 512
vcpus = 4 if production else 1
on_crash = ('restart', 'preserve')[production]
name = 'db' + (production and '-prod' or '-test')
both = production and not False
neither = not (production or False)
