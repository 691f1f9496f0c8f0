import os
x = os.unam()
