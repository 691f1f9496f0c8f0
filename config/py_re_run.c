/* Runs the program of a pattern over a text, backtracking. See py_re.h. */
#include <ctype.h>

#include "config/py_re.h"
#include "libxl/base/mem.h"

/* Where to go back to; or, with a slot, a value to put back on the way. */
struct choice {
    int32_t slot; /* -1: a place to go on at */
    uint32_t pc;
    int32_t at; /* the position, or the slot's old value */
};

struct machine {
    struct py *p;
    const struct py_re *re;
    struct obj text;
    int how;
    int32_t from;
    int32_t *slots;
    struct choice *stack;
    uint32_t n, cap;
    uint32_t insns;
};

/* A way back, or an old value of a slot. */
static void push(struct machine *m, int32_t slot, uint32_t pc, int32_t at)
{
    if (m->n == m->cap) {
        uint32_t cap = m->cap ? 2 * m->cap : 64;
        if (m->n >= RE_STACK_MAX)
            py_raise(m->p, &py_Limit, "this pattern needs too much memory for this text");
        m->stack = py_grow(m->p, m->stack, m->cap * sizeof(m->stack[0]), cap * sizeof(m->stack[0]));
        m->cap = cap;
    }
    m->stack[m->n++] = (struct choice){slot, pc, at};
}

static bool is_word(const struct machine *m, int32_t at)
{
    unsigned char c;

    if (at < 0 || at >= (int32_t)m->text.len)
        return false;
    c = (unsigned char)m->text.s[at];
    return c == '_' || (c < 0x80 && isalnum(c));
}

/* Conditions that take no text. */
static bool holds(const struct machine *m, int op, int32_t at)
{
    int32_t end = (int32_t)m->text.len;
    const char *s = m->text.s;

    switch (op) {
    case RE_BOL:
        return at == 0 || s[at - 1] == '\n';
    case RE_EOL:
        return at == end || s[at] == '\n';
    case RE_BOT:
        return at == 0;
    case RE_EOT:
        return at == end;
    case RE_END:
        return at == end || (at == end - 1 && s[at] == '\n');
    case RE_WORD:
        return is_word(m, at - 1) != is_word(m, at);
    default:
        return is_word(m, at - 1) == is_word(m, at);
    }
}

/* Instructions that take one byte. */
static bool takes(const struct machine *m, const struct re_insn *insn, int32_t at)
{
    unsigned char c;

    if (at >= (int32_t)m->text.len)
        return false;
    c = (unsigned char)m->text.s[at];
    switch (insn->op) {
    case RE_CHAR:
        return (char)c == insn->c;
    case RE_ANY:
        return c != '\n';
    case RE_ALL:
        return true;
    default:
        return insn->set[c / 8] >> (c % 8) & 1;
    }
}

/* The length of a group's text if it stands at `at` again, or -1. */
static int32_t repeats(struct machine *m, uint32_t group, int32_t at)
{
    int32_t from = m->slots[2 * group], to = m->slots[2 * group + 1], n = to - from;

    if (from < 0 || to < 0 || n > (int32_t)m->text.len - at)
        return -1;
    py_charge_scan(m->p, (uint64_t)n);
    return memcmp(m->text.s + from, m->text.s + at, (size_t)n) == 0 ? n : -1;
}

/* Takes the last choice back; false when there is none above `floor`. */
static bool back(struct machine *m, uint32_t floor, uint32_t *pc, int32_t *at)
{
    while (m->n > floor) {
        const struct choice *c = &m->stack[--m->n];
        if (c->slot < 0) {
            *pc = c->pc;
            *at = c->at;
            return true;
        }
        m->slots[c->slot] = c->at;
    }
    return false;
}

static bool run(struct machine *m, uint32_t pc, int32_t at, bool inner);

/* A look-ahead; what it saved stays when it holds and is positive. */
static bool look(struct machine *m, uint32_t pc, int32_t at)
{
    uint32_t n = m->n, kept = n;
    bool matched = run(m, pc + 1, at, true);

    if (matched && !m->re->code[pc].y) {
        for (uint32_t i = n; i < m->n; i++) /* no way back into it, but its slots go back */
            if (m->stack[i].slot >= 0)
                m->stack[kept++] = m->stack[i];
        m->n = kept;
    } else {
        while (m->n > n) {
            const struct choice *c = &m->stack[--m->n];
            if (c->slot >= 0)
                m->slots[c->slot] = c->at;
        }
    }
    return matched != (m->re->code[pc].y != 0);
}

/* One instruction at *pc, *at: moves both on, or returns false when it fails. */
static bool step(struct machine *m, uint32_t *pc, int32_t *at)
{
    const struct re_insn *insn = &m->re->code[*pc];
    int32_t n;

    switch (insn->op) {
    case RE_SPLIT:
        push(m, -1, insn->y, *at);
        *pc = insn->x;
        return true;
    case RE_JUMP:
        *pc = insn->x;
        return true;
    case RE_SAVE:
        push(m, insn->x, 0, m->slots[insn->x]);
        m->slots[insn->x] = *at;
        break;
    case RE_MOVED:
        *pc += m->slots[insn->x] == *at; /* over the jump back */
        break;
    case RE_BACK:
        n = repeats(m, insn->x, *at);
        if (n < 0)
            return false;
        *at += n;
        break;
    case RE_LOOK:
        if (!look(m, *pc, *at))
            return false;
        *pc = insn->x;
        return true;
    default:
        if (insn->op >= RE_BOL) {
            if (!holds(m, insn->op, *at))
                return false;
            break;
        }
        if (!takes(m, insn, *at))
            return false;
        ++*at;
    }
    ++*pc;
    return true;
}

/* A match that ends here may still not be the kind that was asked for. */
static bool is_wanted(const struct machine *m, int32_t at)
{
    if ((m->how & RE_WHOLE) && at != (int32_t)m->text.len)
        return false;
    return !(m->how & RE_MOVE) || at != m->from || m->slots[0] != at;
}

/* From pc to RE_MATCH; leaves what it saved in the slots and on the stack. */
static bool run(struct machine *m, uint32_t pc, int32_t at, bool inner)
{
    uint32_t floor = m->n;

    for (;;) {
        bool ok;
        if (++m->insns % RE_INSNS_PER_STEP == 0)
            py_charge(m->p, 1);
        if (m->re->code[pc].op == RE_MATCH) {
            ok = inner || is_wanted(m, at);
            if (ok)
                return true;
        } else {
            ok = step(m, &pc, &at);
        }
        if (!ok && !back(m, floor, &pc, &at))
            return false;
    }
}

bool py_re_run(struct py *p, const struct py_re *re, struct obj text, uint32_t from, int how,
               int32_t *slots)
{
    struct machine m = {.p = p, .re = re, .text = text, .how = how, .from = (int32_t)from};

    m.slots = py_alloc(p, re->slots * sizeof(m.slots[0]));
    for (; from <= text.len; from++) {
        for (uint32_t i = 0; i < re->slots; i++)
            m.slots[i] = -1;
        m.n = 0;
        if (run(&m, 0, (int32_t)from, false)) {
            memcpy(slots, m.slots, 2 * re->groups * sizeof(slots[0]));
            return true;
        }
        if (!(how & RE_SEARCH))
            break;
        py_charge(p, 1 + re->slots / 64);
    }
    return false;
}
