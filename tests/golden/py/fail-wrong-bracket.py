disk = [ 'a', 'b' )
