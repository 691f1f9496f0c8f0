# oracle: bounded
import re
x = re.match('(a*)*b', 'a' * 30)
