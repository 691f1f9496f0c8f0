# what random comparison with python3 found
a = [format(318.0, '10.4'), format(318.0, '.3'), format(1.0, '.4'), '{:n}'.format(2.0), '{:_}'.format(1e10 + 0.5)]
b = [-2.5 // 1e-7, 2.0 // 0.2, -2.5 % 1e-7, divmod(-2.5, 100.0)[0], 10.0 % -5.0]
c = '{:,}|{:+.2f}|{:08.3f}|{:%}'.format(1234567.891, 2.5, -3.14159, 0.5)
def plus(x):
    try:
        return format(x, '+')
    except ValueError:
        return 'refused'
d = plus('text'), plus(1), plus(1.5)
