import os
sysname, nodename, release, version, machine = os.uname()
is64 = machine[-2:] == '64' or machine == 'aarch64'
kernel = '/boot/vmlinuz-' + {True: 'amd64', False: '686'}[is64]
n = len(os.uname())
from os import uname
u = uname()[0]
import os as system
w = system.uname()[0] == u
