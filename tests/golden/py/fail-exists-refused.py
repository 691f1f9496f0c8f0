# oracle: files may not be looked at
import os
if os.path.exists('/etc'):
    x = 1
