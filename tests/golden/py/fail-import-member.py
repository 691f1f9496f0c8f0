from os.path import bsename
