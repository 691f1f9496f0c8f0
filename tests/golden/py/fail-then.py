if 1 then
    x = 2
