# oracle: code made of text is refused
x = eval("1+1")
