# oracle: a file gives the same domain each time
from random import randint
mac = randint(0, 255)
