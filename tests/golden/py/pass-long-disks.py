disk = [ 'phy:/dev/mapper/asm01,xvda,w!', 'phy:/dev/mapper/asm02,xvdb,w!',
         'phy:/dev/mapper/asm03,xvdc,w!', # shared
         'phy:/dev/mapper/asm04,xvdd,w!',

         # redo
         'phy:/dev/mapper/redo1,xvde,w!', 'phy:/dev/mapper/redo2,xvdf,w!'
       , 'file:/srv/iso/'
         'rac.iso,xvdg:cdrom,r'
]
vcpus = \
    8
extra = "root=/dev/xvda1 " \
        "console=hvc0 " \
        'quiet'
