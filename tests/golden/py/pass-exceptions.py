log = []
def tryit(f):
    try:
        f()
        log.append('no error')
    except ZeroDivisionError:
        log.append('zero')
    except (KeyError, IndexError) as e:
        log.append(e.__class__ is not None and 'lookup' or '') if False else log.append('lookup')
    except ValueError as e:
        log.append('value ' + str(e))
    except Exception:
        log.append('other')
    else:
        log.append('else')
    finally:
        log.append('finally')
tryit(lambda: 1 / 0)
tryit(lambda: {}['k'])
tryit(lambda: [][1])
tryit(lambda: int('x1') and 1 if False else 1)
tryit(lambda: None + 1)
def raiser():
    raise ValueError('mine')
tryit(raiser)
def nested():
    try:
        try:
            raise KeyError('a')
        finally:
            log.append('inner finally')
    except KeyError:
        log.append('caught')
        raise RuntimeError('again')
tryit(nested)
def ret():
    try:
        return 'from try'
    finally:
        log.append('cleanup')
r = ret()
def loop():
    for i in range(3):
        try:
            if i == 1:
                continue
            if i == 2:
                break
        finally:
            log.append(i)
    return i
r2 = loop()
try:
    assert r2 == 3, "not three"
except AssertionError as e:
    r3 = str(e)
try:
    raise ValueError('a', 2)
except ValueError as e:
    r4 = e.args
keys = []
try:
    {}['x y']
except KeyError as e:
    keys += [str(e), "%s" % e, repr(e), "{}".format(e)]
for args in (('a', 'b'), (3,), ()):
    try:
        raise KeyError(*args)
    except KeyError as e:
        keys.append(str(e))
try:
    raise LookupError('x')
except LookupError as e:
    keys.append(str(e))
