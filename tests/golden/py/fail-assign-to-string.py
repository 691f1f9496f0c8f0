"memory" = 512
