memory =
