# oracle: only a few environment variables may be read
import os
x = os.getenv('PATH_TO_SECRETS')
