if (n := len('abc')) > 2:
    m = n
values = [y for x in range(4) if (y := x * 2) > 2]
last = y
def outer():
    count = 0
    def inner():
        nonlocal count
        count += 1
        hit = [seen := i for i in range(3)]
        return seen
    return inner() + inner() + count
total = outer()
text = f"{n:=4}|{(k := 5)}"
