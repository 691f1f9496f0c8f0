/*
 * Does a guest really run under KVM here? That /dev/kvm opens is no proof: there are hosts (nested
 * ones) where QEMU starts under KVM, says "running", and every guest instruction is emulated, at
 * 1.2 us each (measured): Linux does not get out of its decompressor in a minute. So a tiny guest
 * of ours is run: real mode, protected mode, long mode, ten million instructions there, then a word
 * to isa-debug-exit that becomes QEMU's exit status. Called by create.c, once per driver.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/qemu/qemu.h"

#define PROBE_TIMEOUT_MS 1500 /* under TCG the whole run takes 45 ms; under that KVM: 6 s */
#define PROBE_STATUS 85       /* isa-debug-exit: (0x2a << 1) | 1 */
#define FIRMWARE_BYTES 65536  /* the least QEMU takes; mapped at 0xf0000 and below 4 GiB */
#define CACHE_BYTES_MAX 4096

#ifdef __x86_64__
/*
 * The guest, as firmware: 16-bit code at f000:0000 that QEMU's reset vector jumps to. Each mode
 * does a little work in memory, for there are hosts where mode switches alone appear to work.
 */
__asm__(".pushsection .rodata\n"
        ".globl kvm_probe_code, kvm_probe_end\n"
        "kvm_probe_code:\n"
        ".code16\n"
        "    cli\n"
        "    cld\n"
        "    xorw %ax, %ax\n"
        "    movw %ax, %ds\n"
        "    movw %ax, %es\n"
        "    movw %ax, %ss\n"
        "    movw $0x7000, %sp\n"
        "    movw $0x1000, %di\n" /* page tables at 0x1000, 0x2000, 0x3000: 2 MiB, identity */
        "    movw $0x1800, %cx\n"
        "    rep stosw\n"
        "    movw $0x2003, 0x1000\n"
        "    movw $0x3003, 0x2000\n"
        "    movw $0x0083, 0x3000\n"
        "    pushw $0x2a\n" /* the stack works, in real mode */
        "    popw %bx\n"
        "    movw %bx, 0x6000\n"
        "    lgdtl %cs:(9f - kvm_probe_code)\n"
        "    movl %cr0, %eax\n"
        "    orl $1, %eax\n"
        "    movl %eax, %cr0\n"
        "    ljmpl $0x08, $(0xf0000 + 1f - kvm_probe_code)\n"
        ".code32\n"
        "1:  movw $0x10, %ax\n"
        "    movw %ax, %ds\n"
        "    movw %ax, %ss\n"
        "    movl $0x7000, %esp\n"
        "    movl %cr4, %eax\n"
        "    orl $0x20, %eax\n" /* PAE */
        "    movl %eax, %cr4\n"
        "    movl $0x1000, %eax\n"
        "    movl %eax, %cr3\n"
        "    movl $0xc0000080, %ecx\n" /* EFER.LME */
        "    rdmsr\n"
        "    orl $0x100, %eax\n"
        "    wrmsr\n"
        "    movl %cr0, %eax\n"
        "    orl $0x80000000, %eax\n"
        "    movl %eax, %cr0\n"
        "    ljmpl $0x18, $(0xf0000 + 2f - kvm_probe_code)\n"
        ".code64\n"
        "2:  movabsq $0x2a00000000000000, %rax\n"
        "    pushq %rax\n"
        "    popq %rcx\n"
        "    shrq $56, %rcx\n"
        "    cmpw 0x6000, %cx\n" /* what real mode left there */
        "    jne 3f\n"
        "    movl $5000000, %ebx\n" /* 3 ms on hardware, 15 ms under TCG */
        "4:  decl %ebx\n"
        "    jnz 4b\n"
        "    movb %cl, %al\n"
        "    movw $0x501, %dx\n"
        "    outb %al, %dx\n"
        "3:  hlt\n"
        "    jmp 3b\n"
        ".balign 8\n" /* null, 32-bit code, data, 64-bit code: flat, already marked as accessed */
        "8:  .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff\n"
        "9:  .word 31\n"
        "    .long 0xf0000 + 8b - kvm_probe_code\n"
        "kvm_probe_end:\n"
        ".popsection\n");
extern const char kvm_probe_code[], kvm_probe_end[];

/* The firmware image in memory, readable by any user. */
static int make_firmware(struct err *e)
{
    static const unsigned char reset[] = {0xea, 0x00, 0x00, 0x00, 0xf0}; /* ljmp f000:0000 */
    size_t size = (size_t)((uintptr_t)kvm_probe_end - (uintptr_t)kvm_probe_code);
    int fd = memfd_create("xend-kvm-probe", MFD_CLOEXEC);

    if (fd < 0)
        return err_sys(e, "memfd");
    if (ftruncate(fd, FIRMWARE_BYTES) < 0 || pwrite(fd, kvm_probe_code, size, 0) != (ssize_t)size ||
        pwrite(fd, reset, sizeof(reset), FIRMWARE_BYTES - 16) != (ssize_t)sizeof(reset)) {
        err_sys(e, "memfd");
        close(fd);
        return -1;
    }
    return fd;
}
#else
static int make_firmware(struct err *e)
{
    return err_set(e, ERR_UNSUPPORTED, "the probe knows x86-64 only");
}
#endif

/* Runs the guest; 0 when it said its word in time. Else *e says what happened instead. */
int kvm_probe_run(struct qemu *d, const char *accel, const char *cpu, struct err *e)
{
    AUTO(freep) char *log = path_join(d->dir, "kvm-probe.log");
    AUTO(freep) char *words = NULL;
    AUTO(freep) char *how = NULL;
    AUTO(closep) int firmware = make_firmware(e);
    AUTO(closep) int log_fd = firmware < 0 ? -1 : logfile_open(log, e);
    AUTO(closep) int pidfd = -1;
    const char *argv[] = {d->binary,
                          "-machine",
                          "pc",
                          "-accel",
                          accel,
                          "-cpu",
                          cpu,
                          "-m",
                          "2",
                          "-nodefaults",
                          "-no-user-config",
                          "-display",
                          "none",
                          "-bios",
                          "/proc/self/fd/3",
                          "-device",
                          "isa-debug-exit,iobase=0x501,iosize=1",
                          NULL};
    struct proc_fd fds[] = {{firmware, 3}, {log_fd, 2}};
    struct proc_spec p = {.argv = argv,
                          .fds = fds,
                          .n_fds = 2,
                          .set_ids = d->ids.set,
                          .uid = d->ids.uid,
                          .gid = d->ids.gid,
                          .groups = &d->ids.kvm_gid,
                          .n_groups = d->ids.kvm_group};
    int status;
    pid_t pid;

    if (log_fd < 0 || (pid = proc_spawn(&p, &pidfd, e)) < 0)
        return -1;
    if (proc_wait(pid, pidfd, now_ms() + PROBE_TIMEOUT_MS, &status, e) < 0) {
        kill(pid, SIGKILL);
        proc_wait(pid, pidfd, -1, &status, e);
        return err_set(e, ERR_TIMEOUT, "a test guest hangs or runs slower than without KVM");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == PROBE_STATUS)
        return 0;
    how = proc_status_text(status);
    words = logfile_last_words(log);
    return err_set(e, ERR_BACKEND, "QEMU %s on a test guest%s%s", how, words ? ": " : "",
                   words ? words : "");
}

/* Sets kvm_cpu, or kvm_why. */
static void probe(struct qemu *d)
{
    /* some nested hosts lie about one register: without it the host's CPU model works */
    static const char *const cpus[] = {"host", "host,-arch-capabilities"};
    struct err e;
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        d->kvm_why = xasprintf("/dev/kvm: %s", strerror(errno));
        return;
    }
    close(fd);
    for (size_t i = 0; i < ARRAY_LEN(cpus); i++) {
        if (kvm_probe_run(d, "kvm", cpus[i], &e) == 0) {
            d->kvm_cpu = xstrdup(cpus[i]);
            return;
        }
        free(d->kvm_why);
        d->kvm_why = xstrdup(e.msg);
        if (e.code == ERR_TIMEOUT)
            return; /* the CPU model is not what is wrong */
    }
}

/* What an answer is good for: this boot of the host, its kernel, this QEMU. */
static char *cache_key(const struct qemu *d)
{
    AUTO(buf_clear) struct buf boot = BUF_INIT;
    struct utsname u;
    struct stat st = {0};
    struct err e;

    uname(&u);
    stat(d->binary, &st);
    read_file("/proc/sys/kernel/random/boot_id", 64, &boot, &e);
    return xasprintf("%.36s %s %s %lld %lld", buf_str(&boot), u.release, d->binary,
                     (long long)st.st_size, (long long)st.st_mtime);
}

static bool cache_load(struct qemu *d, const char *path, const char *key)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(value_freep) struct value *v = NULL;
    struct err e;

    if (read_file(path, CACHE_BYTES_MAX, &text, &e) < 0)
        return false;
    v = json_parse(buf_str(&text), text.len, path, &e);
    if (!v || strcmp(value_get_str(v, "key", ""), key) != 0)
        return false;
    d->kvm_cpu = xstrdup_null(value_get_str(v, "cpu", NULL));
    d->kvm_why = xstrdup_null(value_get_str(v, "why", NULL));
    return d->kvm_cpu || d->kvm_why;
}

/* Failing to remember costs the next xend a probe, no more. */
static void cache_save(const struct qemu *d, const char *path, const char *key)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(value_freep) struct value *v = value_map();
    struct err e;

    value_set_str(v, "key", key);
    value_set_str(v, "cpu", d->kvm_cpu);
    value_set_str(v, "why", d->kvm_why);
    json_print_pretty(v, &text);
    if (write_file_atomic(path, text.ptr, text.len, 0600, &e) < 0)
        log_debug("%s", e.msg);
}

static void probe_or_remember(struct qemu *d)
{
    AUTO(freep) char *path = path_join(d->dir, "kvm-probe.json");
    AUTO(freep) char *key = cache_key(d);

    if (!cache_load(d, path, key)) {
        probe(d);
        cache_save(d, path, key);
    }
    if (!d->kvm_cpu)
        log_warn("qemu: no KVM (%s): guests run by emulation (TCG), much slower", d->kvm_why);
}

bool kvm_usable(struct qemu *d, const char **cpu)
{
    pthread_mutex_lock(&d->probe_lock);
    if (!d->probed)
        probe_or_remember(d);
    d->probed = true;
    pthread_mutex_unlock(&d->probe_lock);
    *cpu = d->kvm_cpu;
    return d->kvm_cpu != NULL;
}
