/*
 * Private to config/py_*.c: objects and the interpreter's state; py_calls.h, which comes with it,
 * has what its files offer each other.
 *
 * Everything lives in one arena and goes away as a whole, so there is no collector and no free.
 * An error anywhere is raised with longjmp to the nearest py_protect(); that is safe because
 * nothing but the arena is held. Functions that "raise" say so here once: all that take a
 * struct py * may raise, except where the contract says otherwise.
 */
#ifndef CONFIG_PY_OBJ_H
#define CONFIG_PY_OBJ_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "config/py.h"
#include "libxl/base/arena.h"
#include "libxl/base/near.h"

/* Limits; each is tested on both sides in tests/unit/test_py.c. */
#define PY_STEPS_MAX 1000000      /* about 50 ms; real files take some hundreds */
#define PY_BYTES_MAX (16u << 20)  /* the arena; real files take some 50 KiB */
#define PY_NEST_MAX 100           /* brackets and blocks in the text: keeps the C stack small */
#define PY_PARSE_DEPTH_MAX 200    /* expressions and blocks in each other, with operators */
#define PY_DEPTH_MAX 500          /* evaluations within evaluations (calls, long a+b+c...) */
#define PY_STR_MAX (1u << 20)     /* bytes of one string: no list item is nearly that long */
#define PY_LIST_MAX 100000        /* items of a list, dict, set, range */
#define PY_RESULT_ITEMS_MAX 50000 /* values handed out, since sharing is undone there */
#define PY_RESULT_BYTES_MAX (4u << 20)
#define PY_PRINTED_MAX (64u << 10)
#define PY_INCLUDES_MAX 8   /* files that one file may include, all in all */
#define PY_SCAN_PER_STEP 32 /* bytes or items that a builtin may pass over for one step */

struct py;

enum py_type {
    T_UNSET, /* no object: an argument not given, a name not assigned */
    T_NONE,
    T_BOOL,
    T_INT,
    T_FLOAT,
    T_STR,
    T_LIST,
    T_TUPLE,
    T_DICT,
    T_SET,
    T_FUNC,    /* def or lambda */
    T_BUILTIN, /* a row of a table; types such as int, too */
    T_METHOD,  /* a row bound to its object, as in f = x.append */
    T_MODULE,
    T_CLASS, /* an exception class */
    T_EXC,
    T_REGEX,
    T_MATCH,
    T_VARS, /* xm_vars */
    T_FILE, /* sys.stdout and sys.stderr */
    T_HASH, /* of hashlib */
    T_END
};

/* An object, passed by value. Strings are (pointer, length) without NUL and never change. */
struct obj {
    uint32_t type;
    uint32_t len; /* of a string; of a tuple: what its items are called, if anything */
    union {
        int64_t i; /* also of a bool */
        double f;
        const char *s;
        struct list *list;
        struct dict *dict;
        struct func *func;
        const struct py_row *row;
        struct method *method;
        const struct py_module *module;
        const struct exc_class *cls;
        struct exc *exc;
        const struct py_re *re;
        const struct py_match *match;
        struct hash *hash;
    };
};

enum { PY_UNAME = 1, PY_VERSION }; /* len of tuples whose items have names */
enum { PY_ITERATOR = 1 };          /* len of lists that next() takes items from */

struct list { /* also a tuple */
    struct obj *items;
    uint32_t len, cap;
    uint32_t taken; /* of an iterator */
};

struct entry {
    struct obj key; /* T_UNSET: deleted */
    struct obj value;
    uint32_t hash;
};

/* In order of insertion; also a set (values are None). The index is there from 9 entries on. */
struct dict {
    struct entry *entries;
    uint32_t len, cap, live;
    uint32_t *index, index_size; /* open addressing; entry number + 1 */
};

/* A name. One struct per different name of the text; the global variable lives in it. */
struct sym {
    const char *name;
    uint32_t len, hash;
    uint8_t tok;                  /* which keyword, or TOK_NAME */
    uint8_t listed;               /* is in the list of globals */
    uint8_t preset;               /* ours until the text assigns it: left out of the result */
    uint8_t broken;               /* the statement that was to set it failed */
    uint32_t at;                  /* where it was assigned last */
    const struct node *set_to;    /* the value that stood there, or NULL */
    const struct py_row *builtin; /* found on first use */
    struct sym *next;             /* in its bucket */
    struct sym *next_global;      /* in order of first assignment */
    struct obj global;
};

struct exc_class {
    const char *name;
    const struct exc_class *parent;
};

struct exc {
    const struct exc_class *cls;
    struct obj args; /* tuple */
    struct obj text;
    const char *hint;
    uint32_t at, end; /* where in the source */
    bool by_file;     /* raised by the file, not by us: its class is shown */
    bool final;       /* nothing behind it is worth trying */
    struct exc_call { /* innermost first */
        const struct func_def *def;
        uint32_t at;
    } calls[3];
    uint32_t ncalls;
    bool traced;
};

struct node;
struct param {
    struct sym *name;
    struct node *initial; /* default; NULL: must be given */
    uint8_t stars;        /* 1: *args, 2: **kwargs */
};

/* A def as parsed; shared by all functions made from it. Parameters are the first locals. */
struct func_def {
    struct sym *name; /* NULL: lambda */
    struct param *params;
    uint32_t nparams;
    struct sym **locals;
    uint32_t nlocals;
    struct node *body;
    bool is_expr; /* lambda: body is an expression */
    bool yields;  /* a generator: run to its end at once, its values are a list */
};

/* The locals of one call (or comprehension); lives on in functions made inside. */
struct frame {
    struct frame *outer;
    struct sym *const *names;
    struct list *yielded; /* of a generator */
    uint32_t n;
    struct obj slots[];
};

struct func {
    const struct func_def *def;
    struct obj *defaults; /* one per parameter, T_UNSET where there is none */
    struct frame *outer;
};

#define PY_ARGS_MAX 8 /* arguments of builtins that count theirs */

/* A call on its way: what was given, and for rows with counted arguments a[], in order. */
struct call {
    struct obj self; /* of methods */
    const struct py_row *row;
    struct obj *pos;
    uint32_t npos;
    struct entry *kw; /* key: string */
    uint32_t nkw;
    struct obj a[PY_ARGS_MAX]; /* T_UNSET where not given */
};

typedef struct obj py_fn(struct py *p, struct call *c);

enum { PY_ANY = -1, PY_VALUE = -2 }; /* for max below */

/* A builtin, a method, or a member of a module. */
struct py_row {
    const char *name;
    py_fn *fn;
    int8_t min, max;    /* PY_ANY: the function reads pos and kw itself; PY_VALUE: no function,
                           fn makes the member's value */
    const char *params; /* names that may be given as keywords, in order; NULL: none.
                           Of py_refused and py_constant: see there */
    uint16_t types;     /* rows that are types: bits of enum py_type, for isinstance */
};

struct method {
    struct obj self;
    const struct py_row *row;
};

struct py_module {
    const char *name;
    const struct py_row *rows; /* ends with a NULL name */
};

/* A function of the text that is running. */
struct py_active {
    struct py_active *outer;
    const struct func_def *def;
    uint32_t at; /* where it was called */
};

struct py_catch {
    jmp_buf env;
    struct py_catch *outer;
    struct py_lex *lex;
    struct py_active *active;
    struct exc *handling;
    struct frame *frame;
    uint32_t depth;
};

/* An included file: its text stands behind the others in p->text, from `start` on. */
struct py_part {
    const char *name;
    uint32_t start;
    uint32_t called_at; /* where the including file asked for it */
};

#define PY_ERRORS_MAX 20 /* told of one file; nobody reads more */
struct py_error {
    uint32_t at;
    char *report, *hint; /* malloc'ed */
};

#define PY_SYM_BUCKETS 512
#define PY_NOWHERE UINT32_MAX /* the place of what no text assigned */

struct py {
    const struct py_input *in;
    const char *text;
    uint32_t len;
    struct buf settled, included; /* texts that came from outside the arena */
    struct py_part parts[PY_INCLUDES_MAX];
    uint32_t nparts;
    struct arena arena;
    struct py_lex *lex;
    struct scope *scope;  /* while parsing: the function around */
    uint32_t nest, loops; /* while parsing: depth, and loops around */
    struct py_catch *catch;
    struct exc *exc;         /* on its way, or caught last */
    struct exc *handling;    /* what a bare raise raises again */
    const struct node *here; /* what is being evaluated, for errors */
    struct frame *frame;
    struct py_active *active;
    uint32_t steps, depth;
    struct sym *syms[PY_SYM_BUCKETS];
    struct sym *globals, **globals_end;
    struct obj result; /* of return */
    struct exc limit;  /* the exception of a limit, made without the arena */
    bool true_division;
    struct xm_var *vars, **vars_end;
    struct py_error errors[PY_ERRORS_MAX]; /* see py_recover.c */
    uint32_t n_errors;
};

#include "config/py_calls.h"

#endif
