/* The table of states and operations: see lifecycle.h. */
#include "xend/lifecycle.h"

#include <string.h>

#include "libxl/base/mem.h"

#define R LIFE(RUNNING)
#define P LIFE(PAUSED)
#define S LIFE(SHUTDOWN)
#define C LIFE(CRASHED)
#define D LIFE(DYING)
#define H LIFE(HALTED)
#define Z LIFE(SUSPENDED)
#define GONE LIFE_ABSENT
#define HAS_GUEST (R | P | S | C)

#define RESUME_FIRST "xm resume lets it go on; then it can be changed"

/* After shutdown the guest ends when it likes, and then on_poweroff or on_reboot says what is next.
 */
const struct life lives[] = {
    {"create", .from = GONE, .to = R | P},
    {"new", .from = GONE | H | HAS_GUEST, .to = H | R | P | S | C},
    {"start", "start", .from = H, .to = R | P, .managed = true,
     .refusal = "Domain is already running",
     .hint = "xm resume goes on where it was; xm delete forgets it"},
    {"keep", "keep", .from = HAS_GUEST, .ours = true},
    {"delete", "delete", .from = H | Z, .to = GONE, .managed = true,
     .refusal = "Domain is not halted."},
    {"pause", "pause", .from = R | P, .to = P},
    {"unpause", "unpause", .from = R | P, .to = R},
    {"shutdown", "shutdown", .from = R | P, .to = R | P | S | D | H | GONE},
    {"destroy", "destroy", .from = H | Z | HAS_GUEST | D, .to = H | Z | GONE},
    {"reset", "reset", .from = HAS_GUEST | D, .to = R, .ours = true},
    {"suspend", "suspend", .from = R | P, .to = Z, .managed = true},
    {"resume", "resume", .from = Z, .to = R | P, .managed = true,
     .refusal = "Cannot resume domain that is not suspended."},
    {"save", "save", .from = R | P, .to = R | P | H | GONE, .ours = true},
    {"restore", .from = GONE | H, .to = R | P},
    {"migrate", "migrate", .from = R, .to = R | H | GONE, .ours = true},
    {"receive", .from = GONE | H, .to = R},
    {"dump-core", "dump", .from = HAS_GUEST, .to = HAS_GUEST | H | GONE, .ours = true},
    {"configure", "config", .from = H | HAS_GUEST, .managed = true,
     .hint = "xm resume goes on where it was"},
    {"autostart-set", "autostart", .from = H | Z | HAS_GUEST, .managed = true},
    {"rename", "rename", .from = H | Z | HAS_GUEST, .ours = true},
    {"mem-set", "memory", .from = H | R | P, .hint = RESUME_FIRST},
    {"mem-max", "maxmem", .from = H | R | P, .hint = RESUME_FIRST},
    {"vcpu-set", "vcpus", .from = H | R | P, .hint = RESUME_FIRST},
    {"vcpu-pin", "pin", .from = H | R | P, .hint = RESUME_FIRST},
    {"sched-set", "sched", .from = H | R | P, .hint = RESUME_FIRST},
    {"cpupool-migrate", "cpupool", .from = H | R | P, .hint = RESUME_FIRST},
    {"attach", "devices", .from = H | R | P, .ours = true, .hint = RESUME_FIRST},
    {"detach", "devices/:class/:device", .from = H | R | P, .ours = true, .hint = RESUME_FIRST},
    {"media", "media", .from = H | R | P, .ours = true, .hint = RESUME_FIRST},
    {"sysrq", "sysrq", .from = R},
    {"trigger", "trigger", .from = R | P},
    {"console", "console", .from = HAS_GUEST | D},
};
const size_t lives_count = ARRAY_LEN(lives);

const char *life_state_name(unsigned n)
{
    return n > DOMAIN_SUSPENDED ? "absent" : domain_state_name((enum domain_state)n);
}

const struct life *life_find(const char *op)
{
    for (size_t i = 0; i < lives_count; i++)
        if (strcmp(lives[i].op, op) == 0)
            return &lives[i];
    return NULL;
}

const struct life *life_of_route(const char *method, const char *path)
{
    static const char prefix[] = "/v1/domains/:domain/";
    bool reads = strcmp(method, "GET") == 0;

    if (strncmp(path, prefix, sizeof(prefix) - 1) != 0)
        return NULL;
    for (size_t i = 0; i < lives_count; i++)
        if (lives[i].action && strcmp(lives[i].action, path + sizeof(prefix) - 1) == 0 &&
            reads == (strcmp(lives[i].op, "console") == 0))
            return &lives[i];
    return NULL;
}

/* In the original's words where it had some. */
static int refuse(const struct life *l, const struct domain *d, struct err *e)
{
    const char *name = d->spec->name;

    if (d->state == DOMAIN_SUSPENDED && l->hint) {
        err_set(e, ERR_STATE, "%s: Domain is suspended", name);
        return err_hint(e, "%s", l->hint);
    }
    if (l->refusal)
        return err_set(e, ERR_STATE, "%s", l->refusal);
    if (d->state == DOMAIN_HALTED || d->state == DOMAIN_SUSPENDED)
        return err_set(e, ERR_STATE, "Domain '%s' is not running", name);
    return err_set(e, ERR_STATE, "Domain '%s' is %s", name, domain_state_name(d->state));
}

/* One that was saved stands still, and may go on like a paused one. */
static unsigned state_of(const struct domain *d)
{
    bool saved = d->state == DOMAIN_SHUTDOWN && d->reason == STOP_SUSPEND;

    return saved ? P : 1u << d->state;
}

int life_check(const struct task_kind *kind, const struct domain *d, struct err *e)
{
    const struct life *l = life_find(kind->name);

    if (l && l->ours && d->foreign) {
        err_set(e, ERR_STATE, "Cannot %s domain %s: others have made it",
                kind->verb ? kind->verb : kind->name, d->spec->name);
        return err_hint(e, "What it was made with can, xl for example.");
    }
    if (!l || l->from & LIFE_ABSENT) /* those find out themselves who is there already */
        return 0;
    if (l->managed && !d->managed)
        return err_set(e, ERR_STATE, "Domain is not managed by Xend lifecycle support.");
    /* one that is kept by nobody is going, or did not come about */
    if (d->state == DOMAIN_HALTED && !d->managed && !(l->to & LIFE_ABSENT))
        return refuse(l, d, e);
    return l->from & state_of(d) ? 0 : refuse(l, d, e);
}
