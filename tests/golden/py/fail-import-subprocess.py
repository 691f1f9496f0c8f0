# oracle: programs may not be run
import subprocess
