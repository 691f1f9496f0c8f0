// my domain
name = "x"
