/*
 * How long a command takes to say something:
 *     bench_until TEXT COMMAND...
 * prints the milliseconds from its start to a line with TEXT on its standard output, then asks it
 * to end (SIGTERM) and waits for that. Its standard input stays open and silent. Exit status 1 when
 * it ends without the text, or says nothing for two minutes.
 */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libxl/base/buf.h"
#include "libxl/base/mem.h"
#include "tests/tools/bench.h"

#define QUIET_MS 120000

static pid_t start(char **argv, int *out, int *in)
{
    int output[2], input[2];
    pid_t pid;

    if (pipe(output) < 0 || pipe(input) < 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        close(output[0]);
        close(output[1]);
        close(input[0]);
        close(input[1]);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(output[1]);
    close(input[0]);
    *out = output[0];
    *in = input[1];
    return pid;
}

static bool read_until(int fd, const char *text)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct pollfd p = {.fd = fd, .events = POLLIN};

    while (poll(&p, 1, QUIET_MS) == 1) {
        ssize_t n;
        buf_reserve(&b, 4096);
        n = read(fd, b.ptr + b.len, 4096);
        if (n <= 0)
            break;
        b.len += (size_t)n;
        if (memmem(b.ptr, b.len, text, strlen(text)))
            return true;
    }
    fprintf(stderr, "bench_until: it did not say '%s' but: %.*s\n", text, (int)b.len,
            b.len ? b.ptr : "");
    return false;
}

int main(int argc, char **argv)
{
    double begin = bench_seconds(), end;
    int out, in;
    bool said;
    pid_t pid;

    if (argc < 3) {
        fprintf(stderr, "usage: bench_until TEXT COMMAND...\n");
        return 2;
    }
    pid = start(argv + 2, &out, &in);
    if (pid < 0)
        return 1;
    said = read_until(out, argv[1]);
    end = bench_seconds();
    kill(pid, SIGTERM);
    close(in);
    close(out);
    waitpid(pid, NULL, 0);
    if (!said)
        return 1;
    printf("%.1f\n", 1e3 * (end - begin));
    return 0;
}
