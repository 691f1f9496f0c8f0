# oracle: programs may not be run
import os
x = os.popen("hostname").read()
