/* Trees of patterns to programs. Called by py_lib_re.c. */
#include "config/py_re.h"
#include "libxl/base/mem.h"

struct emitter {
    struct py *p;
    struct py_re *re;
    uint32_t cap; /* of re->code */
};

/* Appends an instruction; its number is what jumps refer to. */
static uint32_t emit_insn(struct emitter *c, struct re_insn insn)
{
    struct py_re *re = c->re;

    if (re->n == RE_CODE_MAX)
        py_re_bad(c->p, c->re, "it is too large");
    if (re->n == c->cap) {
        re->code = py_grow(c->p, re->code, c->cap * sizeof(insn), (c->cap + 64) * sizeof(insn));
        c->cap += 64;
    }
    py_charge(c->p, 1);
    re->code[re->n] = insn;
    return re->n++;
}

static uint32_t emit_op(struct emitter *c, enum re_op op, uint32_t x)
{
    return emit_insn(c, (struct re_insn){.op = (uint8_t)op, .x = (uint16_t)x});
}

static void emit(struct emitter *c, const struct re_tree *t);

/* Sets where a split goes: on, or to `other`; lazy ones try the other first. */
static void set_split(struct emitter *c, uint32_t split, uint32_t other, bool lazy)
{
    struct re_insn *insn = &c->re->code[split];

    insn->x = (uint16_t)(lazy ? other : split + 1);
    insn->y = (uint16_t)(lazy ? split + 1 : other);
}

/* a*: a round that took no text is the last, or the loop would never end. */
static void emit_loop(struct emitter *c, const struct re_tree *t)
{
    uint32_t split = emit_op(c, RE_SPLIT, 0), slot = c->re->slots++;

    emit_op(c, RE_SAVE, slot);
    emit(c, t->a);
    emit_op(c, RE_MOVED, slot);
    emit_op(c, RE_JUMP, split);
    set_split(c, split, c->re->n, t->lazy);
}

/* a{2,4} becomes a a a? a?. */
static void emit_repeat(struct emitter *c, const struct re_tree *t)
{
    for (uint32_t i = 0; i < t->min; i++)
        emit(c, t->a);
    if (t->max == RE_NO_MAX) {
        emit_loop(c, t);
        return;
    }
    for (uint32_t i = t->min; i < t->max; i++) {
        /* each optional copy, once skipped, skips to the end: copies are of one size */
        uint32_t split = emit_op(c, RE_SPLIT, 0);
        emit(c, t->a);
        uint32_t size = c->re->n - split;
        set_split(c, split, split + size * (t->max - i), t->lazy);
        if (split + size * (t->max - i) > RE_CODE_MAX)
            py_re_bad(c->p, c->re, "it is too large");
    }
}

static void emit_alternatives(struct emitter *c, const struct re_tree *t)
{
    uint32_t jumps = 0; /* chained through their x until the end is known */

    for (; t->kind == K_ALT; t = t->b) {
        uint32_t split = emit_op(c, RE_SPLIT, 0);
        emit(c, t->a);
        jumps = emit_op(c, RE_JUMP, jumps);
        set_split(c, split, c->re->n, false);
    }
    emit(c, t);
    while (jumps) {
        uint32_t next = c->re->code[jumps].x;
        c->re->code[jumps].x = (uint16_t)c->re->n;
        jumps = next;
    }
}

/* The inner program ends in its own RE_MATCH. */
static void emit_look(struct emitter *c, const struct re_tree *t)
{
    uint32_t look = emit_op(c, RE_LOOK, 0);

    c->re->code[look].y = t->negative;
    emit(c, t->a);
    emit_op(c, RE_MATCH, 0);
    c->re->code[look].x = (uint16_t)c->re->n;
}

static void emit(struct emitter *c, const struct re_tree *t)
{
    for (; t && t->kind == K_CAT; t = t->b)
        emit(c, t->a);
    if (!t)
        return;
    switch (t->kind) {
    case K_LEAF:
        emit_insn(c, t->insn);
        break;
    case K_ALT:
        emit_alternatives(c, t);
        break;
    case K_REPEAT:
        emit_repeat(c, t);
        break;
    case K_GROUP:
        emit_op(c, RE_SAVE, 2 * t->group);
        emit(c, t->a);
        emit_op(c, RE_SAVE, 2 * t->group + 1);
        break;
    case K_LOOK:
        emit_look(c, t);
        break;
    default:
        break;
    }
}

const struct py_re *py_re_compile(struct py *p, struct obj pattern, uint32_t flags)
{
    struct py_re *re = py_alloc(p, sizeof(*re));
    struct emitter c = {.p = p, .re = re};
    struct re_tree *t;

    *re = (struct py_re){.pattern = pattern, .groups = 1, .flags = flags};
    t = py_re_parse(p, re);
    re->slots = 2 * re->groups;
    emit_op(&c, RE_SAVE, 0);
    emit(&c, t);
    emit_op(&c, RE_SAVE, 1);
    emit_op(&c, RE_MATCH, 0);
    return re;
}
