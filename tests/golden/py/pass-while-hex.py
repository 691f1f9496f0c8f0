n = 255
digits = ''
while n:
    digits = '0123456789abcdef'[n % 16] + digits
    n /= 16
bits = [b for b in range(8) if 0xa5 >> b & 1]
