x = sum(['a', 'b'])
