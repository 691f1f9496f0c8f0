/*
 * Private to config/py_*.c: what its files offer each other. Included by py_obj.h, which has the
 * objects and the rules (who raises, who owns).
 */
#ifndef CONFIG_PY_CALLS_H
#define CONFIG_PY_CALLS_H

/* py_err.c: raising. */

/* Never returns. An attribute, not _Noreturn, because static analysis sees it in headers. */
#define PY_RAISES __attribute__((noreturn))

extern const struct exc_class py_BaseException, py_Exception, py_TypeError, py_ValueError,
    py_NameError, py_IndexError, py_KeyError, py_ZeroDivisionError, py_OverflowError,
    py_AttributeError, py_ImportError, py_AssertionError, py_RuntimeError, py_SystemExit,
    py_SyntaxError, py_IOError, py_StopIteration, py_Limit, /* a limit; no file can catch it */
    py_Broken,   /* needs what another error has broken: told by that one */
    py_Finished; /* no error: the evaluation ends well here */

/* Where p->here is. py_raise_at names a place, py_hint adds a hint to what is raised next. */
PY_RAISES void py_raise(struct py *p, const struct exc_class *cls, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
PY_RAISES void py_raise_at(struct py *p, const struct exc_class *cls, uint32_t at, uint32_t end,
                           const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
PY_RAISES void py_raise_hint(struct py *p, const struct exc_class *cls, const char *hint,
                             const char *fmt, ...) __attribute__((format(printf, 4, 5)));
PY_RAISES void py_throw(struct py *p, struct exc *x);
struct exc *py_exc_new(struct py *p, const struct exc_class *cls, struct obj args);
const struct exc_class *py_exc_class_find(const char *name, size_t len);
bool py_exc_is(const struct exc *x, const struct exc_class *cls);

/* Runs fn(p, arg); false when it raised, then p->exc says what. Limits pass through. */
bool py_protect(struct py *p, void (*fn)(struct py *, void *), void *arg);

/* Counts n steps. */
void py_charge(struct py *p, uint64_t n);
/* For builtins that pass over n bytes or items. */
void py_charge_scan(struct py *p, uint64_t n);
/* Around everything that recurses. */
void py_enter(struct py *p);
void py_leave(struct py *p);

/* Fills *e from x: place, text, line, caret. Does not raise. */
void py_report(const struct py *p, const struct exc *x, struct err *e);
uint32_t py_line_of(const struct py *p, uint32_t at);
/* The included file that holds the byte at `at`, or NULL for the text itself. */
const struct py_part *py_part_of(const struct py *p, uint32_t at);

/* A "did you mean" search: offer candidates, then ask for the hint (NULL: nothing is near). */
struct py_near {
    struct py *p;
    struct near near;
};
struct py_near py_near_start(struct py *p, const char *word, size_t len);
void py_near_offer(struct py_near *n, const char *name, size_t len);
void py_near_offer_rows(struct py_near *n, const struct py_row *rows);
const char *py_near_hint(const struct py_near *n);

/* py_obj.c: making and comparing objects. */

void *py_alloc(struct py *p, size_t n);
void *py_grow(struct py *p, void *old, size_t old_n, size_t n);
char *py_printf(struct py *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline struct obj py_none(void)
{
    return (struct obj){.type = T_NONE};
}

static inline struct obj py_bool(bool b)
{
    return (struct obj){.type = T_BOOL, .i = b};
}

static inline struct obj py_int(int64_t i)
{
    return (struct obj){.type = T_INT, .i = i};
}

static inline struct obj py_float(double f)
{
    return (struct obj){.type = T_FLOAT, .f = f};
}

/* A string over bytes that outlive the evaluation's use of it. */
static inline struct obj py_strn(const char *s, size_t n)
{
    return (struct obj){.type = T_STR, .len = (uint32_t)n, .s = s};
}

static inline struct obj py_str(const char *s)
{
    return py_strn(s, strlen(s));
}

static inline bool py_is_int(struct obj o) /* bool counts, as in Python */
{
    return o.type == T_INT || o.type == T_BOOL;
}

static inline bool py_is_number(struct obj o)
{
    return py_is_int(o) || o.type == T_FLOAT;
}

static inline double py_as_float(struct obj o)
{
    return o.type == T_FLOAT ? o.f : (double)o.i;
}

static inline bool py_str_is(struct obj o, const char *s)
{
    return o.type == T_STR && o.len == strlen(s) && memcmp(o.s, s, o.len) == 0;
}

struct obj py_str_copy(struct py *p, const char *s, size_t n);
struct obj py_list_new(struct py *p, uint32_t cap);
struct obj py_tuple_new(struct py *p, uint32_t cap);
void py_list_add(struct py *p, struct list *l, struct obj item);
bool py_truth(struct obj o);
bool py_equal(struct py *p, struct obj a, struct obj b);
bool py_same(struct obj a, struct obj b);                                 /* `is` */
int py_compare(struct py *p, struct obj a, struct obj b, const char *op); /* <0, 0, >0 */
const char *py_type_text(struct obj o); /* "a string": for errors */
const char *py_type_name(struct obj o); /* "str" */

/* py_dict.c: dicts and sets. */

struct obj py_dict_new(struct py *p);
struct obj py_set_new(struct py *p);
void py_dict_set(struct py *p, struct dict *d, struct obj key, struct obj value);
struct entry *py_dict_find(struct py *p, const struct dict *d, struct obj key); /* or NULL */
bool py_dict_remove(struct py *p, struct dict *d, struct obj key);
void py_dict_clear(struct dict *d);
void py_dict_update(struct py *p, struct dict *d, struct obj from);
struct obj py_set_of(struct py *p, struct obj iterable);
/* op: one of & | - ^ */
struct obj py_set_op(struct py *p, char op, struct obj a, struct obj b);
bool py_set_within(struct py *p, const struct dict *a, const struct dict *b);

/* py_seq.c: iterating, indexing, slicing. */

struct iter {
    struct obj seq;
    uint32_t at;
};
struct iter py_iter(struct py *p, struct obj o); /* raises when o is not iterable */
bool py_iter_next(struct iter *it, struct obj *item);
struct obj py_list_of(struct py *p, struct obj iterable); /* a new list */
uint32_t py_len(struct py *p, struct obj o);
bool py_contains(struct py *p, struct obj box, struct obj item);
struct obj py_index(struct py *p, struct obj o, struct obj key);
void py_index_set(struct py *p, struct obj o, struct obj key, struct obj value);
void py_index_del(struct py *p, struct obj o, struct obj key);
struct obj py_slice(struct py *p, struct obj o, const struct obj bounds[3]);
void py_slice_set(struct py *p, struct obj o, const struct obj bounds[3], struct obj value);
struct obj py_repeat(struct py *p, struct obj seq, int64_t times);
struct obj py_concat(struct py *p, struct obj a, struct obj b);

/* py_text.c: growing strings, and objects as text. */

struct text {
    struct py *p;
    char *ptr;
    uint32_t len, cap;
};
void py_text_add(struct text *t, const char *s, size_t n);
void py_text_adds(struct text *t, const char *s);
void py_text_fill(struct text *t, char c, size_t n);
void py_text_add_str(struct text *t, struct obj o);  /* as str() */
void py_text_add_repr(struct text *t, struct obj o); /* as repr() */
void py_text_add_utf8(struct text *t, uint32_t code);
struct obj py_text_done(struct text *t);
struct obj py_to_str(struct py *p, struct obj o);
struct obj py_to_repr(struct py *p, struct obj o);
const char *py_cstr(struct py *p, struct obj s); /* NUL-terminated copy */

/* py_op.c: operators; op is an enum tok such as TOK_PLUS. */

struct obj py_binary(struct py *p, int op, struct obj a, struct obj b);
struct obj py_unary(struct py *p, int op, struct obj a);
bool py_test(struct py *p, int op, struct obj a, struct obj b); /* comparisons, in, is */

/* py_format.c, py_format_spec.c */

struct obj py_percent(struct py *p, struct obj format, struct obj args);
struct obj py_str_format(struct py *p, struct call *c);
void py_format_spec(struct text *t, struct obj value, struct obj spec);

/* How a number is to be laid out; shared by % and format specs. */
struct layout {
    char fill, align, sign, comma; /* 0: not given */
    bool alternate, zero, percent;
    char type;
    int32_t width, precision; /* -1: not given */
};
void py_format_int(struct text *t, int64_t i, const struct layout *l);
void py_format_float(struct text *t, double f, const struct layout *l);
void py_format_padded(struct text *t, const char *s, size_t n, const struct layout *l);

/* py_call.c */

struct obj py_call(struct py *p, struct obj fn, struct call *c);
struct obj py_call1(struct py *p, struct obj fn, struct obj arg);
struct obj py_attr(struct py *p, struct obj o, const struct sym *name);
const struct py_row *py_method_find(struct py *p, struct obj o, const struct sym *name);
const struct py_row *py_row_find(const struct py_row *rows, const char *name, size_t len);
struct obj py_func_new(struct py *p, const struct func_def *def);

/* Checked arguments: raise TypeError that names the function and the argument. */
struct obj py_arg_str(struct py *p, const struct call *c, int i);
int64_t py_arg_int(struct py *p, const struct call *c, int i, int64_t fallback);

/* py_lib*.c, py_str.c, py_list.c, py_vars.c, py_re*.c: tables. */

extern const struct py_row py_builtins[], py_str_methods[], py_list_methods[], py_tuple_methods[],
    py_dict_methods[], py_set_methods[], py_vars_methods[], py_file_methods[], py_regex_methods[],
    py_match_methods[], py_hash_methods[];
extern const struct py_module py_modules[]; /* ends with a NULL name */
extern const struct py_row py_re_rows[], py_ip_rows[], py_string_rows[], py_os_rows[],
    py_os_path_rows[], py_math_rows[], py_sys_rows[], py_platform_rows[], py_socket_rows[],
    py_collections_rows[], py_hashlib_rows[], py_md5_rows[], py_sha_rows[];
py_fn py_refused;  /* raises; params is the reason */
py_fn py_constant; /* a PY_VALUE: the string in params */
const struct py_module *py_module_find(const char *name, size_t len);
struct obj py_module_member(struct py *p, const struct py_module *m, const struct sym *name);
const struct py_row *py_builtin_of(struct sym *s);
py_fn py_str_join, py_str_split, py_str_rsplit, py_str_splitlines, py_str_partition,
    py_str_rpartition;
py_fn py_lib_all, py_lib_any, py_lib_cmp, py_lib_dict, py_lib_fromkeys, py_lib_iter, py_lib_next,
    py_lib_enumerate, py_lib_filter, py_lib_list, py_lib_map, py_lib_max, py_lib_min, py_lib_range,
    py_lib_reduce, py_lib_reversed, py_lib_set, py_lib_sorted, py_lib_sum, py_lib_tuple, py_lib_zip;
/* Where `what` (not empty) stands last in s, or NULL. */
const char *py_find_last(struct py *p, struct obj s, struct obj what);
struct obj py_sorted(struct py *p, struct obj iterable, struct obj cmp, struct obj key,
                     bool reverse);
struct obj py_int_parse(struct py *p, struct obj s, int64_t base);
void py_print(struct py *p, struct obj text);

struct obj py_match_group(struct py *p, struct obj match, struct obj key); /* py_lib_re.c */

/* py_result.c */

struct obj py_from_value(struct py *p, const struct value *v);
struct value *py_result(struct py *p);           /* the caller's */
void py_result_late(struct py *p, void *result); /* the same for py_protect() */
void py_result_extras(const struct py *p);       /* fills in->lines and in->vars; does not raise */
struct value *py_vars_declared(const struct py *p); /* py_vars.c; name -> use; does not raise */

/* py_eval.c, py_exec.c, py_assign.c */

struct obj py_value_of(struct py *p, const struct node *n);
void py_assign(struct py *p, const struct node *target, struct obj value);
void py_store(struct py *p, struct sym *name, struct obj value, uint32_t at);
/* The same for a name of a function around: nonlocal, and := in comprehensions. */
void py_store_outer(struct py *p, struct sym *name, struct obj value, uint32_t at);
enum flow { FLOW_NEXT, FLOW_BREAK, FLOW_CONTINUE, FLOW_RETURN };
enum flow py_exec(struct py *p, const struct node *first);
enum flow py_exec_one(struct py *p, const struct node *n);

/*
 * py_recover.c: the same two steps for a caller that wants all errors. py_exec_on() raises
 * py_Broken when there were any. py_recover_note() keeps one more; py_recover_done() hands out
 * what py_rest tells and frees the rest.
 */
struct node *py_parse_on(struct py *p);
void py_exec_on(struct py *p, const struct node *first);
void py_recover_note(struct py *p, const struct exc *x);
void py_recover_done(struct py *p);
enum flow py_exec_try(struct py *p, const struct node *n);
void py_exec_import(struct py *p, const struct node *n);
py_fn py_lib_execfile; /* py_include.c */
/* Runs the file `name` at top level; false when nothing can be included. */
bool py_include(struct py *p, const char *name);
struct sym *py_intern(struct py *p, const char *name, size_t len);

#endif
