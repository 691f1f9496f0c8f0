# args: vmid=12 extra_mem=64
def vmid_check(var, val):
    val = int(val)
    if val <= 0 or val > 254:
        raise ValueError, "must be 1 to 254"
    return val
xm_vars.var('vmid', use="Virtual machine id.", check=vmid_check)
xm_vars.var('extra_mem', use="More memory in MiB.", check=lambda n, v: int(v or 0))
xm_vars.check()
memory = 128 + extra_mem
ip = "192.168.%d.2" % (vmid)
netmask = "255.255.255.0"
gateway = "192.168.%d.1" % (vmid)
hostname = "domain-%d.xeno" % vmid
vif = [ 'ip=192.168.%d.1/24' % (vmid) ]
root = "/dev/nfs"
nfs_server = '169.254.1.0'
nfs_root   = '/full/path/to/root/directory'
same = check_subnet(ip, gateway, netmask)
after = add_offset_to_ip(ip, 5)
