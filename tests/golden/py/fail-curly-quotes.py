name = “web1”
