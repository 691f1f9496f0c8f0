disk = ['a'] + 'b'
