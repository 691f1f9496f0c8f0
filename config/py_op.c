/* Operators on values. Called by the evaluator and by builtins such as sum(). */
#include <math.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

static const char *const texts[] = {
    [TOK_PLUS] = "+",    [TOK_MINUS] = "-",   [TOK_STAR] = "*",   [TOK_SLASH] = "/",
    [TOK_DSLASH] = "//", [TOK_PERCENT] = "%", [TOK_DSTAR] = "**", [TOK_LSHIFT] = "<<",
    [TOK_RSHIFT] = ">>", [TOK_AMPER] = "&",   [TOK_PIPE] = "|",   [TOK_CARET] = "^",
    [TOK_TILDE] = "~",   [TOK_LT] = "<",      [TOK_GT] = ">",     [TOK_LE] = "<=",
    [TOK_GE] = ">="};

static _Noreturn void overflow(struct py *p)
{
    py_raise(p, &py_OverflowError, "the result does not fit into 64 bits");
}

static _Noreturn void zero_division(struct py *p)
{
    py_raise(p, &py_ZeroDivisionError, "division by zero");
}

/* Division that rounds down, as Python's does; the remainder has the divisor's sign. */
static int64_t floor_div(struct py *p, int64_t a, int64_t b)
{
    if (b == 0)
        zero_division(p);
    if (b == -1) {
        int64_t r;
        if (__builtin_sub_overflow(0, a, &r))
            overflow(p);
        return r;
    }
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static int64_t floor_mod(struct py *p, int64_t a, int64_t b)
{
    int64_t r;

    if (b == 0)
        zero_division(p);
    if (b == -1)
        return 0;
    r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

/* By squaring; a negative exponent gives a float. */
static struct obj int_power(struct py *p, int64_t base, int64_t exponent)
{
    int64_t result = 1;

    if (exponent < 0) {
        if (base == 0)
            zero_division(p);
        return py_float(pow((double)base, (double)exponent));
    }
    while (exponent > 0) {
        if ((exponent & 1) && __builtin_mul_overflow(result, base, &result))
            overflow(p);
        exponent >>= 1;
        if (exponent && __builtin_mul_overflow(base, base, &base))
            overflow(p);
    }
    return py_int(result);
}

/* Left is multiplication, so it may overflow. */
static struct obj shift(struct py *p, int op, int64_t a, int64_t n)
{
    if (n < 0)
        py_raise(p, &py_ValueError, "a shift cannot be negative");
    if (op == TOK_RSHIFT)
        return py_int(n > 62 ? (a < 0 ? -1 : 0) : a >> n);
    if (a != 0 && (n > 62 || a > (INT64_MAX >> n) || a < -(INT64_MAX >> n)))
        overflow(p);
    return py_int(a == 0 ? 0 : a * ((int64_t)1 << n));
}

/* Integers; bool counts as one. */
static struct obj int_op(struct py *p, int op, int64_t a, int64_t b)
{
    int64_t r;

    switch (op) {
    case TOK_PLUS:
        if (__builtin_add_overflow(a, b, &r))
            overflow(p);
        return py_int(r);
    case TOK_MINUS:
        if (__builtin_sub_overflow(a, b, &r))
            overflow(p);
        return py_int(r);
    case TOK_STAR:
        if (__builtin_mul_overflow(a, b, &r))
            overflow(p);
        return py_int(r);
    case TOK_SLASH:
        if (p->true_division) {
            if (b == 0)
                zero_division(p);
            return py_float((double)a / (double)b);
        }
        return py_int(floor_div(p, a, b));
    case TOK_DSLASH:
        return py_int(floor_div(p, a, b));
    case TOK_PERCENT:
        return py_int(floor_mod(p, a, b));
    case TOK_DSTAR:
        return int_power(p, a, b);
    case TOK_LSHIFT:
    case TOK_RSHIFT:
        return shift(p, op, a, b);
    case TOK_AMPER:
        return py_int(a & b);
    case TOK_PIPE:
        return py_int(a | b);
    default:
        return py_int(a ^ b);
    }
}

/* Quotient (rounded down) and remainder of floats; they agree with each other, as in Python. */
static void float_divmod(double a, double b, double *quotient, double *rest)
{
    double div;

    *rest = fmod(a, b);
    div = (a - *rest) / b;
    if (*rest == 0) {
        *rest = copysign(0, b);
    } else if ((*rest < 0) != (b < 0)) {
        *rest += b;
        div -= 1;
    }
    *quotient = floor(div);
    if (div - *quotient > 0.5)
        *quotient += 1;
    if (div == 0)
        *quotient = copysign(0, a / b);
}

/* Floats; false for what is not defined on them. */
static bool float_op(struct py *p, int op, double a, double b, double *r)
{
    double other;

    if (b == 0 && (op == TOK_SLASH || op == TOK_DSLASH || op == TOK_PERCENT))
        zero_division(p);
    switch (op) {
    case TOK_PLUS:
        *r = a + b;
        return true;
    case TOK_MINUS:
        *r = a - b;
        return true;
    case TOK_STAR:
        *r = a * b;
        return true;
    case TOK_SLASH:
        *r = a / b;
        return true;
    case TOK_DSLASH:
        float_divmod(a, b, r, &other);
        return true;
    case TOK_PERCENT:
        float_divmod(a, b, &other, r);
        return true;
    case TOK_DSTAR:
        if (a < 0 && b != floor(b))
            py_raise(p, &py_ValueError, "a root of a negative number is not a real number");
        *r = pow(a, b);
        return true;
    default:
        return false;
    }
}

/* TypeError with the most likely reason as hint. */
static _Noreturn void bad_operands(struct py *p, int op, struct obj a, struct obj b)
{
    const char *hint = NULL;

    if (op == TOK_PLUS && (a.type == T_STR) != (b.type == T_STR))
        hint = py_is_number(a) || py_is_number(b) ? "str(...) makes a string of a number"
                                                  : "str(...) makes a string of anything";
    if (op == TOK_PLUS && (a.type == T_LIST) != (b.type == T_LIST))
        hint = "a list grows by another list: + [item]";
    if (op == TOK_MINUS || op == TOK_SLASH)
        if (a.type == T_STR || b.type == T_STR)
            hint = "int(...) makes a number of a string; a missing quote makes an operator of text";
    if (a.type == T_NONE || b.type == T_NONE)
        hint = "None is the value of what was not set";
    py_raise_hint(p, &py_TypeError, hint, "`%s` does not work between %s and %s", texts[op],
                  py_type_text(a), py_type_text(b));
}

static bool is_sequence(struct obj o)
{
    return o.type == T_STR || o.type == T_LIST || o.type == T_TUPLE;
}

static struct obj merge_dicts(struct py *p, struct obj a, struct obj b)
{
    struct obj d = py_dict_new(p);

    py_dict_update(p, d.dict, a);
    py_dict_update(p, d.dict, b);
    return d;
}

/* Integers first, as they are the most common; then floats, %, sequences, sets, dicts. */
struct obj py_binary(struct py *p, int op, struct obj a, struct obj b)
{
    double r;

    if (py_is_int(a) && py_is_int(b)) {
        struct obj result = int_op(p, op, a.i, b.i);
        if (a.type == T_BOOL && b.type == T_BOOL && op >= TOK_AMPER)
            result.type = T_BOOL;
        return result;
    }
    if (py_is_number(a) && py_is_number(b) && float_op(p, op, py_as_float(a), py_as_float(b), &r)) {
        if (isinf(r) && !isinf(py_as_float(a)) && !isinf(py_as_float(b)))
            py_raise(p, &py_OverflowError, "the result is too large for a float");
        return py_float(r);
    }
    if (op == TOK_PERCENT && a.type == T_STR)
        return py_percent(p, a, b);
    if (op == TOK_PLUS && a.type == b.type && is_sequence(a))
        return py_concat(p, a, b);
    if (op == TOK_STAR && is_sequence(a) && py_is_int(b))
        return py_repeat(p, a, b.i);
    if (op == TOK_STAR && is_sequence(b) && py_is_int(a))
        return py_repeat(p, b, a.i);
    if (a.type == T_SET && b.type == T_SET &&
        (op == TOK_MINUS || (op >= TOK_AMPER && op <= TOK_CARET)))
        return py_set_op(p, texts[op][0], a, b);
    if (op == TOK_PIPE && a.type == T_DICT && b.type == T_DICT)
        return merge_dicts(p, a, b);
    bad_operands(p, op, a, b);
}

struct obj py_unary(struct py *p, int op, struct obj a)
{
    if (a.type == T_FLOAT && op != TOK_TILDE)
        return op == TOK_MINUS ? py_float(-a.f) : a;
    if (!py_is_int(a))
        py_raise(p, &py_TypeError, "`%s` does not work before %s", texts[op], py_type_text(a));
    if (op == TOK_TILDE)
        return py_int(~a.i);
    return op == TOK_MINUS ? int_op(p, TOK_MINUS, 0, a.i) : py_int(a.i);
}

/* On sets < means "is contained in"; nothing is less or greater than nan. */
static bool test_order(struct py *p, int op, struct obj a, struct obj b)
{
    int c;

    if (a.type == T_SET && b.type == T_SET) {
        if (op == TOK_LT || op == TOK_LE)
            return py_set_within(p, a.dict, b.dict) &&
                   (op == TOK_LE || a.dict->live < b.dict->live);
        return py_set_within(p, b.dict, a.dict) && (op == TOK_GE || b.dict->live < a.dict->live);
    }
    if (a.type == T_FLOAT || b.type == T_FLOAT)
        if (py_is_number(a) && py_is_number(b) && (isnan(py_as_float(a)) || isnan(py_as_float(b))))
            return false;
    c = py_compare(p, a, b, texts[op]);
    return op == TOK_LT ? c < 0 : op == TOK_GT ? c > 0 : op == TOK_LE ? c <= 0 : c >= 0;
}

bool py_test(struct py *p, int op, struct obj a, struct obj b)
{
    switch (op) {
    case TOK_EQ:
        return py_equal(p, a, b);
    case TOK_NE:
        return !py_equal(p, a, b);
    case TOK_IS:
        return py_same(a, b);
    case TOK_IS_NOT:
        return !py_same(a, b);
    case TOK_IN:
        return py_contains(p, b, a);
    case TOK_NOT_IN:
        return !py_contains(p, b, a);
    default:
        return test_order(p, op, a, b);
    }
}
