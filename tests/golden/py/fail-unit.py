memory = 512M
