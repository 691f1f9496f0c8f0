try:
    import subprocess_that_is_not_there
    have = True
except ImportError:
    have = False
