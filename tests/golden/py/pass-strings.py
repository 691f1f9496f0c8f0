a = 'single'
b = "double"
c = '''triple 'quoted'
two lines'''
d = """also "triple" """
e = 'it''s' "adjacent"
f = r'\n raw \d'
g = "tab\tnl\n\\ \" \' \x41 \101 \a\b\f\v\r end"
h = "cont\
inued"
i = u'unicode' + b'bytes'
j = "\q \d stays"
k = ""
l = 'a' 'b' \
    'c'
m = ("paren"
     "thesised")
n = "percent % sign"
o = 'nul\0'[:3]
p = R"\x" + U"y"
