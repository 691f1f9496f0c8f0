# oracle: programs may not be run
import os
os.system("true")
