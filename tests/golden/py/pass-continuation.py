total = (1 +
         2
         # comment inside
         + 3)
d = {
    'a':
        1,
}
call = max(
    1,
    2,
)
x = 1 + \
    2
if (total == 6 and
        x == 3):
    ok = True
l = [
]
t = (
    1,
)
