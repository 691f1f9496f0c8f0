import re
x = re.search('(a', 'a')
