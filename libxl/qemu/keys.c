/*
 * What a person at the machine could do: keys (sysrq) and buttons (trigger). Called on a guest's
 * queue.
 */
#include <ctype.h>
#include <string.h>

#include "libxl/base/fault.h"
#include "libxl/qemu/qemu.h"

static void add_key(struct value *keys, const char *name)
{
    struct value *key = value_map();

    value_set_str(key, "type", "qcode");
    value_set_str(key, "data", name);
    value_add_take(keys, key);
}

/*
 * On the keyboard, which every pc machine has and Linux drives without a module. A break on the
 * serial port would do as well, but the letter after it would have to go through the console's one
 * connection, which is the viewer's.
 */
int qemu_sysrq(struct guest *guest, char key, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    char name[2] = {(char)tolower((unsigned char)key), '\0'};
    struct value *args, *keys;
    enum stop_reason reason;
    int r;

    if (!isalnum((unsigned char)key))
        return err_set(e, ERR_INVALID, "sysrq: a letter or a digit is wanted");
    if (qguest_check_lives(g, e) < 0)
        return -1;
    if (qemu_state(guest, &reason) == GUEST_PAUSED)
        return err_set(e, ERR_STATE, "it is paused and cannot hear");
    args = value_map();
    keys = value_list();
    add_key(keys, "alt");
    add_key(keys, "sysrq");
    add_key(keys, name);
    value_set_take(args, "keys", keys);
    fault_point("qemu.key-sending");
    r = qguest_call_take(g, "send-key", args, NULL, e);
    fault_point("qemu.key-sent");
    return r;
}

/* QEMU's words for "it does not sleep". */
static int wake(struct qguest *g, struct err *e)
{
    if (qguest_call_take(g, "system_wakeup", NULL, NULL, e) == 0)
        return 0;
    return e->code == ERR_BACKEND ? err_set(e, ERR_STATE, "it does not sleep (ACPI S3)") : -1;
}

/*
 * nmi: QEMU sends it to all virtual CPUs, whichever was named. reset: ends the guest with the
 * reason reboot, as on Xen, and what follows is its on_reboot. power: the button, once; stop() is
 * the one that insists.
 */
int qemu_trigger(struct guest *guest, enum trigger what, unsigned vcpu, struct err *e)
{
    static const char *const commands[] = {[TRIGGER_NMI] = "inject-nmi",
                                           [TRIGGER_RESET] = "system_reset",
                                           [TRIGGER_POWER] = "system_powerdown"};
    struct qguest *g = qguest_of(guest);
    int r;

    if (qguest_check_lives(g, e) < 0)
        return -1;
    if (vcpu >= g->vcpus_most)
        return err_set(e, ERR_INVALID, "virtual CPU %u: it has 0 to %u", vcpu, g->vcpus_most - 1);
    if (what == TRIGGER_INIT)
        return err_set(e, ERR_UNSUPPORTED, "QEMU has no way to send INIT to a virtual CPU");
    fault_point("qemu.triggering");
    r = what == TRIGGER_S3RESUME ? wake(g, e) : qguest_call_take(g, commands[what], NULL, NULL, e);
    fault_point("qemu.triggered");
    return r;
}
