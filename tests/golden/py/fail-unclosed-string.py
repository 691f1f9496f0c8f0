name = "web1
memory = 512
