# computed once, used everywhere
_private = 'hidden'
__also = 1
BASE = 2 ** 10
memory = BASE * 2
def helper(): return _private
unused_function = helper
import os
v = helper()
class_name = 'x'
t = (1, (2, [3]))
none = None
yes, no = True, False
