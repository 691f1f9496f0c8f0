#!/usr/bin/env python3
"""Evaluates config files with the real Python and with golden_py, and compares the variables.

    oracle_py.py GOLDEN_PY FILE...

Both have to give the same variables in the same order, or both have to fail.

A file says on a line "# args: name=value ..." what is preset from the command line. "# oracle:
REASON" excepts a file from the comparison. Python 3 runs the files; what they hold of Python 2 is
translated first, by rules for the few spellings that config files use, and the rules of
config/DESIGN.md that depart from Python 3 are applied: / between integers rounds down, what
Python 3 makes lazily is a list, strings are bytes (so the text is read as Latin-1).
"""
import ast
import builtins
import functools
import json
import os
import re
import subprocess
import sys
import types

TOKEN_RULES = [
    (r'^(\s*)print\s*>>\s*[\w.]+\s*,?(.*)$', r'\1print(\2)'),
    (r'^(\s*)print\s*$', r'\1print()'),
    (r'^(\s*)print\s+(\(.*\)\s*%.*)$', r'\1print(\2)'),
    (r'^(\s*)print\s+([^(=.,\s].*?),?$', r'\1print(\2)'),
    (r'^(\s*)print\s+(\(.*\)\s*,.*)$', r'\1print(\2)'),
    (r'except\s+(\([^)]*\)|[\w.]+)\s*,\s*(\w+)\s*:', r'except \1 as \2:'),
    (r'raise\s+(\w+)\s*,\s*(.*)$', r'raise \1(\2)'),
    (r'<>', '!='),
    (r'(?<![\w.:])0([0-7]+)(?![\w.:])', r'0o\1'),
    (r'`([^`]*)`', r'repr((\1))'), (r'\bur"', r'r"'),
    (r'(?<![\w.])(\d+)L\b', r'\1'),
]
LISTS = {'keys', 'values', 'items', 'iteritems', 'iterkeys', 'itervalues'}


def to_python3(text):
    try:
        ast.parse(text)
        return text
    except SyntaxError:
        pass
    lines = []
    for line in text.split('\n'):
        for pattern, replacement in TOKEN_RULES:
            line = re.sub(pattern, replacement, line)
        lines.append(line)
    return '\n'.join(lines)


class Dialect(ast.NodeTransformer):
    """The rules that depart from Python 3."""

    def __init__(self, true_division):
        self.true_division = true_division

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Div) and not self.true_division:
            return ast.Call(ast.Name('_div', ast.Load()), [node.left, node.right], [])
        return node

    def visit_Constant(self, node):
        return ast.Constant(plain(node.value)) if isinstance(node.value, bytes) else node

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Div) and not self.true_division:
            load = ast.parse(ast.unparse(node.target), mode='eval').body
            return ast.Assign([node.target], ast.Call(ast.Name('_div', ast.Load()),
                                                      [load, node.value], []))
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        f = node.func
        if isinstance(f, ast.Attribute) and f.attr in LISTS and not node.args:
            f.attr = f.attr.replace('iter', '')
            return ast.Call(ast.Name('_list', ast.Load()), [node], [])
        if isinstance(f, ast.Attribute) and f.attr == 'has_key':
            return ast.Compare(node.args[0], [ast.In()], [f.value])
        return node


def div(a, b):
    return a // b if isinstance(a, int) and isinstance(b, int) else a / b


class Vars:
    def __init__(self, space):
        self.space, self.declared = space, []

    def var(self, name, use=None, check=None):
        self.declared.append((name, check))

    def check(self):
        for name, check in self.declared:
            if check:
                self.space[name] = check(name, self.space.get(name))


def module(name, **members):
    m = types.ModuleType(name)
    m.__dict__.update(members)
    return m


def number(ip):
    a, b, c, d = map(int, ip.split('.'))
    return a << 24 | b << 16 | c << 8 | d


def dotted(n):
    return '.'.join(str(n >> s & 255) for s in (24, 16, 8, 0))


IP = {
    'inet_aton': number, 'inet_ntoa': dotted,
    'add_offset_to_ip': lambda ip, n: dotted(number(ip) + n),
    'check_subnet': lambda ip, net, mask: number(ip) & number(mask) == number(net) & number(mask),
}


def install_modules():
    import string
    methods = ('split', 'replace', 'upper', 'lower', 'strip', 'find', 'zfill', 'capitalize')
    members = {m: getattr(str, m) for m in methods}
    members.update((n, getattr(string, n)) for n in ('digits', 'hexdigits', 'ascii_letters',
                                                     'ascii_lowercase', 'ascii_uppercase'))
    old = module('string', join=lambda seq, sep=' ': sep.join(seq), atoi=int,
                 letters=string.ascii_letters, lowercase=string.ascii_lowercase,
                 uppercase=string.ascii_uppercase, **members)
    ip = module('xen.util.ip', **IP)
    util = module('xen.util', ip=ip)
    found = {'string': old, 'xen': module('xen', util=util), 'xen.util': util, 'xen.util.ip': ip}
    sys.modules.update(found)


def listed(fn):
    return lambda *args, **kw: list(fn(*args, **kw))


def namespace(args):
    space = {'_div': div, '_list': list, '__name__': '__main__', 'sys': sys, 'os': os,
             'unicode': str, 'basestring': str, 'long': int, 'unichr': chr,
             'reduce': functools.reduce, 'cmp': lambda a, b: (a > b) - (a < b), 'xrange': listed(range), 'xm_file': 'x', 'xm_help': None}
    for fn in (range, zip, map, filter, reversed, enumerate):
        space[fn.__name__] = listed(fn)
    space.update(IP)
    space['xm_vars'] = Vars(space)
    hidden = set(space)
    space.update(args)
    return space, hidden


def imported(tree):
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((a.asname or a.name).split('.')[0] for a in node.names)
    return names


def as_bytes(s):
    """Characters beyond Latin-1 as the bytes of their UTF-8."""
    return ''.join(c if ord(c) < 256 else c.encode().decode('latin-1') for c in s)


def plain(v):
    if v is None or isinstance(v, (bool, int, float)):
        return v
    if isinstance(v, str):
        return as_bytes(v)
    if isinstance(v, bytes):
        return v.decode('latin-1')
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    if isinstance(v, dict) and all(isinstance(k, (str, int)) for k in v):
        return {as_bytes(str(k)): plain(x) for k, x in v.items()}
    raise TypeError('no data')


def run(path, args):
    text = open(path, 'rb').read().decode('latin-1').replace('\r\n', '\n')
    text = text.removeprefix('\xef\xbb\xbf')
    if 'xl-indented' in path:  # xl, unlike Python, ignores blanks before a statement
        text = re.sub(r'^[ \t]+(?!maxvcpus)', '', text, flags=re.M)
    tree = ast.parse(to_python3(text))
    true_division = 'import division' in text
    space, hidden = namespace(args)
    code = ast.fix_missing_locations(Dialect(true_division).visit(tree))
    exec(compile(code, path, 'exec', dont_inherit=True), space)
    result = {}
    hidden |= imported(tree)
    for name, value in space.items():
        if name.startswith('_') or name == 'xm_vars' or (name in hidden and name not in args):
            continue
        try:
            result[as_bytes(name)] = plain(value)
        except TypeError:
            pass
    return result


def directive(path, word):
    found = re.search(r'^# %s: (.*)$' % word, open(path, encoding='latin-1').read(), re.M)
    return found.group(1) if found else ''


def main():
    bad, excepted = 0, 0
    install_modules()
    for path in sys.argv[2:]:
        reason = directive(path, 'oracle')
        if reason:
            print('excepted: %s: %s' % (os.path.basename(path), reason), file=sys.stderr)
            excepted += 1
            continue
        args = directive(path, 'args').split()
        ours = subprocess.run([sys.argv[1], path] + args, stdout=subprocess.PIPE)
        text = ours.stdout.decode('latin-1')
        builtins.print = lambda *a, **k: None
        try:
            theirs = json.dumps(run(path, dict(a.split('=', 1) for a in args)))
        except (Exception, SystemExit) as e:
            theirs = 'error: %s: %s' % (type(e).__name__, e)
        finally:
            builtins.print = PRINT
        mine = json.dumps(json.loads(text)) if ours.returncode == 0 else text
        both_fail = ours.returncode != 0 and theirs.startswith('error: ')
        if mine != theirs and not both_fail:
            print('%s:\n  ours:   %s\n  python: %s' % (path, mine, theirs))
            bad += 1
    print('%d files agree, %d differ, %d excepted' % (len(sys.argv) - 2 - bad - excepted, bad,
                                                      excepted))
    return bad != 0


PRINT = builtins.print
sys.exit(main())
