# oracle: python has match
command = "x"
match command:
    case "x": y = 1
