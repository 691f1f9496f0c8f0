import xen.utl.ip
