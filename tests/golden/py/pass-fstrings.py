name = "web1"
n = 3
vif = [f"mac=00:16:3e:00:00:{i:02x},bridge=br{i}" for i in range(n)]
disk = [f'phy:/dev/vg0/{name}-{part},xvd{chr(97 + k)},w' for k, part in enumerate(["root", "swap"])]
a = f"{name!r}|{n * 2}|{n:>5}|{n:<5}|{1.0 / 4:.2f}"
b = f"{{not a field}} {'nested'}"
c = f"{n if n > 2 else 'few'}" f"{name.upper()}" " tail"
w = 8
d = f"{name:>{w}}|{3.14159:.{n}f}"
e = rf"\d{n}" + fr'\w'
f = f"""multi {name}
line"""
g = f"{ {'a': 1}['a'] }{[1, 2][1]}{(1, 2)[0]}"
h = f"{n != 3}{n == 3}"
i = f''
