cpuid = ['1:ecx=' + ''.join(['x'] * 32), '0x80000001,0:edx=' + 'k' * 32]
features = "!writable_page_tables|pae_pgdir_above_4gb"
ioports = ['%x-%x' % (p, p + 7) for p in (0x2f8, 0x3f8)]
irq = [4, 3]
