kernel = foobarbaz
