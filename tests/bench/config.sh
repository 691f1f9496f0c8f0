#!/bin/sh
# Figures of the config languages, as ratios to python3 in the same run: parse and evaluation of a
# 100-line file in process, `xm check` as a process, 10 MB of SXP against JSON. Called by `make
# bench` or by hand. Prints medians; judges nothing.
. tests/functions.sh
requires python3
bench=$BUILD_DIR/tests/bench_config
pairs=$BUILD_DIR/tests/pairs
cd "$T"

# 100 lines as admins write them: comments, lists, a loop, a function, formats.
python3 - >web.cfg <<'END'
lines = ['# Web server %d of the farm' % n for n in range(8)]
lines += ['import os, re', 'name = "web01"', 'memory = 2 * 1024', 'vcpus = 4', 'kernel = "/boot/vmlinuz"',
          'def disk_of(lv, dev, mode="w"):', '    return "phy:/dev/vg0/%s-%s,%s,%s" % (name, lv, dev, mode)',
          'disk = []', 'for number, lv in enumerate(["root", "swap", "home", "srv"]):',
          '    disk.append(disk_of(lv, "xvd" + "abcd"[number]))', 'vif = []', 'for net in range(3):',
          '    if net == 1:', '        continue',
          '    vif.append("mac=00:16:3e:00:%02x:%02x,bridge=br%d" % (net, 7, net))',
          'if re.search("64", os.uname()[4]):', '    arch = "lib64"', 'else:', '    arch = "lib"']
while len(lines) < 100:
    n = len(lines)
    lines.append(['extra_%d = "console=hvc0 quiet n=%%d" %% %d' % (n, n), 'opt_%d = [%d, "a", {"k": (1, 2)}]' % (n, n),
                  '# a comment of some length that says why', 'on_%d = "restart" if %d > 50 else "destroy"' % (n, n)][n % 4])
print('\n'.join(lines))
END
cat >peer.py <<'END'
import json, statistics, sys, time
def median(fn, n):
    times = []
    for i in range(n):
        start = time.perf_counter()
        fn()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
if sys.argv[1] == 'py':
    text = open(sys.argv[2]).read()
    print('%.1f' % (1e6 * median(lambda: exec(compile(text, 'x', 'exec'), {}), 501)))
else:
    text = open(sys.argv[2]).read()
    data = json.loads(text)
    print('%.2f %.2f' % (1e3 * median(lambda: json.loads(text), 9), 1e3 * median(lambda: json.dumps(data), 9)))
END
row() {
    awk -v what="$1" -v a="$2" -v b="$3" 'BEGIN {printf "%-52s %10s %10s %8.3f\n", what, a, b, a / b}'
}
printf '%-52s %10s %10s %8s\n' 'config languages, A / B' A B A/B
# shellcheck disable=SC2046  # two numbers
set -- $("$bench" py web.cfg) $(python3 peer.py py web.cfg)
row 'a 100-line file evaluated / compile+exec, us' "$1" "$3"
printf '%-52s %10s KiB\n' 'memory of that evaluation' "$2"
"$bench" gen 10 >big.sxp 2>big.json
# shellcheck disable=SC2046
set -- $("$bench" sxp big.sxp) $(python3 peer.py json big.json)
row '10 MiB of SXP read / json.loads, ms' "$1" "$3"
row '10 MiB of SXP printed / json.dumps, ms' "$2" "$4"
"$pairs" "${RUNS:-100}" 'xm check FILE / python3 -S FILE' "$BUILD_DIR/xm" check web.cfg -- \
    "$(python3 -c 'import sys; print(sys.executable)')" -S web.cfg
