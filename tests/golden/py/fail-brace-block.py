if 1 {
    x = 2
}
