s = "  Hello, World  "
a = s.strip() + '|' + s.lstrip() + '|' + s.rstrip()
b = s.upper() + s.lower() + s.swapcase() + "ab cd".title() + "aBC".capitalize()
c = [s.find('o'), s.rfind('o'), s.find('zz'), s.index('W'), s.count('l'), 'aaaa'.count('aa')]
d = ['a,b,c'.split(','), 'a  b c'.split(), 'a,b,c'.split(',', 1), 'a,b,c'.rsplit(',', 1), ' x '.split(' ')]
e = ['web1'.startswith('web'), 'web1'.endswith(('1', '2')), 'abc'.startswith('b', 1), 'x'.startswith('')]
f = ['12'.isdigit(), 'a1'.isalnum(), 'ab'.isalpha(), ' '.isspace(), 'Ab'.islower(), 'AB'.isupper(), ''.isdigit()]
g = ['7'.zfill(3), '-7'.zfill(4), 'x'.ljust(4) + '|', 'x'.rjust(4), 'x'.center(5, '*'), 'ab'.center(5)]
h = ['a-b-c'.replace('-', ':'), 'aaa'.replace('a', 'b', 2), 'abc'.replace('', '.'), 'x'.replace('y', 'z')]
i = ['k=v=w'.partition('='), 'k=v=w'.rpartition('='), 'none'.partition('=')]
j = 'l1\nl2\r\nl3'.splitlines()
k = 'a\tb'.expandtabs(4) + 'xxabcxx'.strip('x')
l = '-'.join('abc') + '-'.join(('x', 'y')) + ''.join([])
m = ['a b c'.rsplit(None, 1), '  a  b '.split(None, 1), '   '.split(), 'a,,b'.split(',')]
n = 'abc'.find('c', 1) + 'abcabc'.rfind('a', 0, 3)
