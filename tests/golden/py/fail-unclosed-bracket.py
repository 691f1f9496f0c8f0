disk = [ 'phy:a,xvda,w',
         'phy:b,xvdb,w'
memory = 512
