/*
 * Private to config/py_*re*.c: regular expressions of the stand-in for `re`. A pattern becomes a
 * small program; matching backtracks over it, each instruction counted against the steps of the
 * evaluation, so that no pattern can take long.
 */
#ifndef CONFIG_PY_RE_H
#define CONFIG_PY_RE_H

#include "config/py_obj.h"

#define RE_CODE_MAX 4000     /* instructions: a{1000} repeated is unrolled */
#define RE_GROUPS_MAX 50     /* as many names as anyone gives */
#define RE_NEST_MAX 50       /* groups in groups */
#define RE_STACK_MAX 200000  /* places to go back to: 3 MiB */
#define RE_INSNS_PER_STEP 16 /* one step of the evaluation */

enum re_flag { RE_IGNORECASE = 2, RE_MULTILINE = 8, RE_DOTALL = 16 }; /* Python's numbers */

enum re_op {
    RE_CHAR,  /* c */
    RE_ANY,   /* any but newline */
    RE_ALL,   /* any */
    RE_SET,   /* set */
    RE_BOL,   /* ^ */
    RE_EOL,   /* $ */
    RE_BOT,   /* \A, and ^ without MULTILINE */
    RE_EOT,   /* \Z */
    RE_END,   /* $ without MULTILINE: at the end, or before a newline that ends the text */
    RE_WORD,  /* \b */
    RE_NWORD, /* \B */
    RE_SPLIT, /* tries x, then y */
    RE_JUMP,  /* to x */
    RE_SAVE,  /* position into slot x */
    RE_MOVED, /* if the position is still that of slot x, skips the jump that comes next */
    RE_BACK,  /* text of group x again */
    RE_LOOK,  /* (?=...) or with y (?!...): the program at the next instruction, goes on at x */
    RE_MATCH
};

struct re_insn {
    uint8_t op;
    char c;
    uint16_t x, y;
    const uint8_t *set; /* 32 bytes, one bit for each byte value */
};

struct py_re {
    struct obj pattern;
    struct re_insn *code;
    uint32_t n;
    uint32_t groups; /* with group 0 */
    uint32_t slots;  /* two for each group, then those of loops */
    uint32_t flags;
    struct obj names[RE_GROUPS_MAX]; /* T_UNSET: has none */
};

struct py_match {
    const struct py_re *re;
    struct obj text;
    int32_t *slots; /* start and end of each group, -1: took no part */
};

/* A pattern as a tree: what py_re_parse.c makes and py_re_compile.c emits. */
enum re_kind {
    K_EMPTY,
    K_LEAF, /* one instruction */
    K_CAT,
    K_ALT,
    K_REPEAT,
    K_GROUP,
    K_LOOK
};

struct re_tree {
    enum re_kind kind;
    struct re_insn insn; /* K_LEAF */
    struct re_tree *a, *b;
    uint32_t min, max, group;
    bool lazy, negative;
};

#define RE_NO_MAX UINT32_MAX

/* Parses re->pattern; counts its groups and reads its flags into re. */
struct re_tree *py_re_parse(struct py *p, struct py_re *re);
PY_RAISES void py_re_bad(struct py *p, const struct py_re *re, const char *what);

/* Raises ValueError for a bad pattern. */
const struct py_re *py_re_compile(struct py *p, struct obj pattern, uint32_t flags);

enum re_how {
    RE_SEARCH = 1, /* at `from` or anywhere after it */
    RE_WHOLE = 2,  /* up to the end of the text */
    RE_MOVE = 4    /* not an empty match at `from`: the one before was there */
};

/* The first match at `from`; how: bits of the above. False: there is none. */
bool py_re_run(struct py *p, const struct py_re *re, struct obj text, uint32_t from, int how,
               int32_t *slots);

#endif
