# args: vmid=0
def vmid_check(var, val):
    val = int(val)
    if val <= 0:
        raise ValueError
    return val
xm_vars.var('vmid', use="Virtual machine id. Integer greater than 0.", check=vmid_check)
xm_vars.check()
