x = int("12 MiB")
