memory = 512
maxmem = memroy * 2
