# oracle: not all hashes
import hashlib
x = hashlib.sha256(b"a")
