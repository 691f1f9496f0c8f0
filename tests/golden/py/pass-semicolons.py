a = 1; b = 2;
c = 3 ;d = 4;
if a: e = 5; f = 6
for i in range(2): g = i; h = i * 2
def one(): x = 1; return x
j = one()
