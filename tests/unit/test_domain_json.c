/*
 * The caches of the list of domains: what has not changed is not serialised again. Each cached text
 * gets a mark; a text without it was made anew. So the test counts, whatever the allocator does.
 */
#include <strings.h>

#include "libxl/driver.h"
#include "tests/unit/cunit.h"
#include "xend/domain.h"
#include "xend/xend.h"

#define N 1000

/* A driver that only has numbers to tell. */
static uint64_t cpu_ns[N];
static char uuids[N][UUID_TEXT_SIZE];

static int fake_sample(struct driver *driver, guest_sample_fn *each, void *arg, struct err *e)
{
    (void)driver, (void)e;
    for (size_t i = 0; i < N; i++) {
        struct guest_sample g = {.uuid = uuids[i],
                                 .state = GUEST_RUNNING,
                                 .cpu_ns = cpu_ns[i],
                                 .mem_kib = 65536,
                                 .vcpus_online = 1};
        each(arg, &g);
    }
    return 0;
}

static const struct driver_ops fake_ops = {.name = "fake", .sample = fake_sample};
static struct driver fake = {&fake_ops};

static struct domain *add(struct xend *x, const char *name, const char *uuid)
{
    struct spec *s = spec_new();
    struct domain *d;
    struct err e;

    s->name = xstrdup(name);
    s->uuid = xstrdup(uuid);
    s->memory = 64;
    s->vcpus = 1;
    d = domain_add_take(x->domains, s, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    return d;
}

/* N running domains whose numbers are known. */
static void init(struct xend *x)
{
    memset(x, 0, sizeof(*x));
    pthread_mutex_init(&x->lock, NULL);
    x->driver = &fake;
    x->domains = domains_new(x);
    for (size_t i = 0; i < N; i++) {
        struct guest g = {.domid = (uint32_t)i + 1, .start_time = 1};
        char name[16];
        struct domain *d;

        snprintf(name, sizeof(name), "d%04zu", i);
        snprintf(uuids[i], sizeof(uuids[i]), "00000000-0000-4000-8000-%012zu", i + 1);
        cpu_ns[i] = 0;
        d = add(x, name, uuids[i]);
        domain_started(x->domains, d, &g);
        domain_set_state(x->domains, d, DOMAIN_RUNNING);
    }
    domains_sample(x->domains); /* everybody is idle from now on */
}

static void clear(struct xend *x)
{
    domains_free(x->domains);
    pthread_mutex_destroy(&x->lock);
}

/* The first key of each domain's text is its name: the mark is a capital N. */
static void mark(const struct xend *x)
{
    for (size_t i = 0; i < x->domains->n; i++) {
        char *text = x->domains->sorted[i]->json;
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        CU_ASSERT_EQUAL_FATAL(strncasecmp(text, "{\"name\":", 8), 0);
        text[2] = 'N';
    }
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, what)); at++)
        n++;
    return n;
}

/* How many texts were made anew since mark(), and how many there are. */
static size_t made_anew(struct xend *x, size_t *all)
{
    struct shared_text *list = domains_list_text(x->domains, 0, NULL);
    size_t made = count(buf_str(&list->text), "{\"name\":");

    *all = made + count(buf_str(&list->text), "{\"Name\":");
    shared_text_unref(list);
    return made;
}

#define ASSERT_MADE(x, want_made, want_all)                                                        \
    do {                                                                                           \
        size_t all_, made_ = made_anew(x, &all_);                                                  \
        CU_ASSERT_EQUAL(made_, want_made);                                                         \
        CU_ASSERT_EQUAL(all_, want_all);                                                           \
        if (made_ != (want_made))                                                                  \
            fprintf(stderr, "\n  made anew: %zu of %zu\n", made_, all_);                           \
    } while (0)

/* Makes the list, marks its parts, and has the list itself put together again. */
static void mark_all(struct xend *x)
{
    shared_text_unref(domains_list_text(x->domains, 0, NULL));
    mark(x);
    shared_text_unref(x->domains->list);
    x->domains->list = NULL;
}

static void later(struct xend *x)
{
    x->domains->sampled_ms -= 60000;
    domains_sample(x->domains);
}

static void test_unchanged(void)
{
    struct shared_text *first, *second;
    struct xend x;

    init(&x);
    ASSERT_MADE(&x, N, N);
    first = domains_list_text(x.domains, 0, NULL);
    later(&x); /* the numbers are asked for, and are the same */
    second = domains_list_text(x.domains, 0, NULL);
    CU_ASSERT_PTR_EQUAL(first, second);
    mark(&x);
    ASSERT_MADE(&x, N, N); /* the list is one text, not put together again */
    shared_text_unref(first);
    shared_text_unref(second);
    clear(&x);
}

static void test_one_changed(void)
{
    struct xend x;

    init(&x);
    mark_all(&x);
    ASSERT_MADE(&x, 0, N);
    domain_set_state(x.domains, x.domains->sorted[500], DOMAIN_PAUSED);
    ASSERT_MADE(&x, 1, N);
    clear(&x);
}

static void test_one_worked(void)
{
    struct xend x;

    init(&x);
    later(&x);
    mark_all(&x);
    later(&x);
    ASSERT_MADE(&x, 0, N);
    cpu_ns[7] += 1000000;
    later(&x);
    ASSERT_MADE(&x, 1, N);
    clear(&x);
}

static void test_comes_and_goes(void)
{
    struct xend x;

    init(&x);
    mark_all(&x);
    add(&x, "a-new-one", "00000000-0000-4000-9000-000000000001");
    ASSERT_MADE(&x, 1, N + 1);
    mark_all(&x);
    domain_remove(x.domains, x.domains->sorted[500]);
    ASSERT_MADE(&x, 0, N);
    clear(&x);
}

static void test_some_states(void)
{
    struct shared_text *list;
    struct xend x;

    init(&x);
    domain_set_state(x.domains, x.domains->sorted[500], DOMAIN_PAUSED);
    mark_all(&x);
    list = domains_list_text(x.domains, 0, "running");
    CU_ASSERT_EQUAL(count(buf_str(&list->text), "{\"Name\":"), N - 1);
    CU_ASSERT_EQUAL(count(buf_str(&list->text), "{\"name\":"), 0);
    shared_text_unref(list);
    clear(&x);
}

TESTS("domain_json", {"an unchanged list is the same text", test_unchanged},
      {"a domain that changed: its text only", test_one_changed},
      {"a domain that worked: its text only", test_one_worked},
      {"a domain that comes or goes: no other text", test_comes_and_goes},
      {"a list by state: no text at all", test_some_states})
