memory: int = 512
name: str = "typed"
vif: list = ['bridge=br0']
def f(x: int = 3) -> int:
    return x
y = f()
