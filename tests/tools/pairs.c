/*
 * Times two commands as whole processes, in turn, A B A B ...: on a noisy machine the ratio is what
 * can be trusted.
 *     pairs N LABEL A-ARG... -- B-ARG...
 * prints "LABEL A ms B ms ratio A/B": the medians, and the median of the ratios pair by pair.
 * Output of the commands is thrown away. Exit status 1 when one of them fails.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libxl/base/mem.h"
#include "tests/tools/bench.h"

/* Wall seconds of one run. */
static double run(char **argv)
{
    double start = bench_seconds();
    int status;
    pid_t pid = vfork();

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
        fprintf(stderr, "%s failed\n", argv[0]);
        exit(1);
    }
    return bench_seconds() - start;
}

int main(int argc, char **argv)
{
    size_t n = argc > 2 ? (size_t)atoi(argv[1]) : 0;
    double *a, *b, *ratio;
    char **second;
    int i;

    for (i = 3; i < argc && strcmp(argv[i], "--") != 0; i++)
        ;
    if (n == 0 || n > 10000 || i >= argc - 1 || i == 3) {
        fprintf(stderr, "usage: pairs N LABEL A-ARG... -- B-ARG...\n");
        return 2;
    }
    argv[i] = NULL;
    second = argv + i + 1;
    a = xcalloc(n, sizeof(*a));
    b = xcalloc(n, sizeof(*b));
    ratio = xcalloc(n, sizeof(*ratio));
    run(argv + 3);
    run(second);
    for (size_t k = 0; k < n; k++) {
        a[k] = run(argv + 3);
        b[k] = run(second);
        ratio[k] = a[k] / b[k];
    }
    printf("%-44s %9.2f ms %9.2f ms   ratio %.3f\n", argv[2], 1e3 * bench_median(a, n),
           1e3 * bench_median(b, n), bench_median(ratio, n));
    free(a);
    free(b);
    free(ratio);
    return 0;
}
