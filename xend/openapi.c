/*
 * The OpenAPI document: see openapi.h. Walks the routes, the tables of fields and those of
 * openapi_keys.c. Checks nothing: tests/system/api-openapi.sh holds the document against the
 * running server.
 */
#include "xend/openapi.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

#include "config/json.h"
#include "libxl/base/mem.h"
#include "libxl/base/version.h"
#include "libxl/spec.h"
#include "xend/openapi_keys.h"
#include "xend/lifecycle.h"

static const char *const device_schemas[DEVICE_CLASSES] = {
    "Disk", "Vif", "Vfb", "Pci", "Vscsi", "Vusb", "Usbctrl", "Usbdev", "Vtpm", "Channel", "P9"};
static const char *const level_names[] = {"none", "read", "operate", "admin"};

static struct value *map_of(const char *key, struct value *item_take)
{
    struct value *v = value_map();

    value_set_take(v, key, item_take);
    return v;
}

static struct value *type_of(const char *type)
{
    struct value *v;

    if (strcmp(type, "any") == 0)
        return value_map();
    if (isupper((unsigned char)*type)) {
        AUTO(freep) char *ref = xasprintf("#/components/schemas/%s", type);
        return map_of("$ref", value_str(ref));
    }
    v = map_of("type", value_str(*type == '[' ? "array" : type));
    if (*type == '[')
        value_set_take(v, "items", type_of(type + 1));
    return v;
}

static struct value *schema_of_key(const struct key *k)
{
    struct value *words, *v = type_of(k->type);

    if (value_get(v, "$ref")) /* nothing may stand beside it */
        return v;
    value_set_str(v, "description", k->doc);
    if (k->flags & BOUNDED) {
        value_set_int(v, "minimum", k->min);
        if (k->max != INT64_MAX)
            value_set_int(v, "maximum", k->max);
    }
    if (k->flags & NULLABLE)
        value_set_bool(v, "nullable", true);
    if (!k->words || k->flags & LISTED)
        return v;
    words = value_list();
    for (int i = 0; word_of(k->words, i); i++)
        value_add_take(words, value_str(word_of(k->words, i)));
    if (k->flags & NULLABLE)
        value_add_take(words, value_nil());
    value_set_take(v, "enum", words);
    return v;
}

static struct value *schema_of_object(const struct schema *s)
{
    struct value *required = value_list(), *properties = value_map();
    struct value *more, *v = map_of("type", value_str("object"));

    value_set_str(v, "description", s->doc);
    for (size_t i = 0; i < s->n; i++) {
        value_set_take(properties, s->keys[i].name, schema_of_key(&s->keys[i]));
        if (!((s->flags | s->keys[i].flags) & OPTIONAL))
            value_add_take(required, value_str(s->keys[i].name));
    }
    if (value_len(required))
        value_set_take(v, "required", required);
    else
        value_free(required); /* an empty list is not allowed */
    value_set_take(v, "properties", properties);
    if (s->flags & NULLABLE)
        value_set_bool(v, "nullable", true);
    if (s->flags & EXTENDED) {
        more = value_list();
        value_add_take(more, type_of("string"));
        value_add_take(more, type_of("integer"));
        value_set_take(v, "additionalProperties", map_of("oneOf", more));
    }
    return v;
}

/* The default comes from an object that has its defaults. */
static struct value *schema_of_field(const struct field *f, const void *object)
{
    static const char *const types[] = {[FIELD_STR] = "string",
                                        [FIELD_INT] = "integer",
                                        [FIELD_BOOL] = "boolean",
                                        [FIELD_WORD] = "string",
                                        [FIELD_LIST] = "[string"};
    struct value *words, *dflt = field_value(f, object), *v = type_of(types[f->type]);
    AUTO(freep) char *doc = f->unit ? xasprintf("%s Unit: %s.", f->doc, f->unit) : xstrdup(f->doc);

    value_set_str(v, "description", doc);
    if (f->type == FIELD_INT && f->min < f->max) {
        value_set_int(v, "minimum", f->min);
        value_set_int(v, "maximum", f->max);
    }
    if (f->words) {
        words = value_list();
        for (const char *const *w = f->words; *w; w++)
            value_add_take(words, value_str(*w));
        value_set_take(v, "enum", words);
    }
    if (value_type(dflt) == VALUE_NIL)
        value_free(dflt);
    else
        value_set_take(v, "default", dflt);
    return v;
}

/* Readers refuse keys that no row has. */
static struct value *schema_of_fields(const struct fields *t, const void *object)
{
    struct value *properties = value_map(), *v = map_of("type", value_str("object"));

    for (size_t i = 0; i < t->n; i++)
        value_set_take(properties, t->rows[i].name, schema_of_field(&t->rows[i], object));
    value_set_take(v, "properties", properties);
    value_set_bool(v, "additionalProperties", false);
    return v;
}

static struct value *schema_of_spec(void)
{
    AUTO(spec_freep) struct spec *s = spec_new();
    struct value *v = schema_of_fields(&spec_fields, s), *required = value_list();

    for (int c = 0; c < DEVICE_CLASSES; c++) {
        struct value *list = map_of("type", value_str("array")), *either = value_list();

        value_add_take(either, type_of(device_schemas[c]));
        value_add_take(either, map_of("type", value_str("string"))); /* xm's language */
        value_set_take(list, "items", map_of("oneOf", either));
        value_set_int(list, "maxItems", DOMAIN_DEVICES_MAX);
        value_set_take(value_get(v, "properties"), device_class_name((enum device_class)c), list);
    }
    value_add_take(required, value_str("name"));
    value_set_take(v, "required", required);
    value_set_str(v, "description",
                  "A domain as asked for: the variables of xm's files. Answers leave defaults out; "
                  "devices may be given as objects or in the language of xm's files.");
    return v;
}

static struct value *all_schemas(void)
{
    struct value *v = value_map();

    for (size_t i = 0; i < schemas_count; i++)
        value_set_take(v, schemas[i].name, schema_of_object(&schemas[i]));
    for (size_t i = 0; i < host_schemas_count; i++)
        value_set_take(v, host_schemas[i].name, schema_of_object(&host_schemas[i]));
    value_set_take(v, "Spec", schema_of_spec());
    for (int c = 0; c < DEVICE_CLASSES; c++) {
        AUTO(device_freep) struct device *d = device_new((enum device_class)c);
        value_set_take(v, device_schemas[c], schema_of_fields(&device_fields[c], &d->disk));
    }
    return v;
}

static void add_param(struct value *list, const struct key *k, bool required)
{
    struct value *v = map_of("name", value_str(k->name)), *schema = schema_of_key(k);

    value_remove(schema, "description");
    value_set_str(v, "in", k->in ? k->in : "query");
    value_set_str(v, "description", k->doc);
    value_set_bool(v, "required", required);
    value_set_take(v, "schema", schema);
    value_add_take(list, v);
}

/* Appends "{domain}" for ":domain" and so on; the parameters of the path go to the list. */
static void read_path(const char *path, struct buf *out, struct value *list)
{
    while (*path) {
        size_t len = strcspn(path + 1, "/") + 1;
        if (path[1] != ':') {
            buf_add(out, path, len);
        } else {
            buf_addf(out, "/{%.*s}", (int)len - 2, path + 2);
            for (size_t i = 0; i < path_params_count; i++)
                if (strlen(path_params[i].name) == len - 2 &&
                    memcmp(path_params[i].name, path + 2, len - 2) == 0)
                    add_param(list, &path_params[i], true);
        }
        path += len;
    }
}

/* names: schemas, sent as JSON, or media types. */
static struct value *content_of(const char *names)
{
    struct value *v = value_map();

    for (const char *at = names; *at; at += strcspn(at, " "), at += *at == ' ') {
        AUTO(freep) char *name = xstrndup(at, strcspn(at, " "));
        bool media = strchr(name, '/');
        const char *type = !media ? name : strcmp(name, "application/json") ? "string" : "object";

        value_set_take(v, media ? name : "application/json", map_of("schema", type_of(type)));
    }
    return v;
}

static struct value *answer_of(const char *doc, int status, const char *reply)
{
    struct value *v = map_of("description", value_str(doc));

    if (status >= 400)
        value_set_take(v, "content",
                       map_of("application/problem+json", map_of("schema", type_of("Problem"))));
    else if (status >= 200 && status < 300 && reply)
        value_set_take(v, "content", content_of(reply));
    return v;
}

static struct value *answers_of(const struct route *r)
{
    struct value *v = value_map();

    for (int i = 0; i < ANSWERS; i++) {
        AUTO(freep) char *status = xasprintf("%d", answers[i].status);
        if (i == ANSWER_DENIED || r->answers & 1u << i)
            value_set_take(v, status, answer_of(answers[i].doc, answers[i].status, r->reply));
    }
    value_set_take(v, "default", answer_of("Any other error.", 500, NULL));
    return v;
}

/* "get_v1_domains_domain": the method, and the words of the path. */
static char *operation_id(const struct route *r)
{
    struct buf b = BUF_INIT;

    for (const char *at = r->method; *at; at++)
        buf_addc(&b, (char)tolower((unsigned char)*at));
    for (const char *at = r->path; *at; at++)
        if (*at != ':')
            buf_addc(&b, isalnum((unsigned char)*at) ? *at : '_');
    return buf_steal(&b);
}

static struct value *states_of(unsigned states)
{
    struct value *list = value_list();

    for (unsigned n = 0; n < LIFE_STATES; n++)
        if (states & 1u << n)
            value_add_take(list, value_str(life_state_name(n)));
    return list;
}

/* In which states of the domain it is possible, and which can follow. */
static void add_states(struct value *v, const struct route *r)
{
    const struct life *l = life_of_route(r->method, r->path);
    struct value *map;

    if (!l)
        return;
    map = map_of("from", states_of(l->from));
    if (l->to)
        value_set_take(map, "to", states_of(l->to));
    value_set_bool(map, "managed", l->managed);
    value_set_take(v, "x-states", map);
}

static void add_route(struct value *paths, const struct route *r)
{
    AUTO(buf_clear) struct buf path = BUF_INIT;
    AUTO(freep) char *id = operation_id(r);
    size_t method_len = strcspn(id, "_");
    AUTO(freep) char *method = xstrndup(id, method_len);
    struct value *list = value_list(), *v = map_of("summary", value_str(r->summary));

    value_set_str(v, "operationId", id);
    value_set_str(v, "x-level", level_names[r->level]);
    add_states(v, r);
    read_path(r->path, &path, list);
    for (int i = 0; i < PARAMS; i++)
        if (r->params & 1u << i)
            add_param(list, &params[i], i == PARAM_UPGRADE);
    value_set_take(v, "parameters", list);
    if (r->body)
        value_set_take(v, "requestBody", map_of("content", content_of(r->body)));
    value_set_take(v, "responses", answers_of(r));
    if (!value_get(paths, buf_str(&path)))
        value_set_take(paths, buf_str(&path), value_map());
    value_set_take(value_get(paths, buf_str(&path)), method, v);
}

static struct value *document(void)
{
    struct value *paths = value_map(), *v = map_of("openapi", value_str("3.0.3"));
    struct value *info = map_of("title", value_str("xend")), *servers = value_list();

    value_set_str(info, "version", VERSION);
    value_set_str(info, "description",
                  "Domains of one host. Clients ignore keys that they do not know. x-level: read, "
                  "operate or admin, what the caller must be allowed. x-states: the states of a "
                  "domain in which an operation is possible, those that follow (none: it stays), "
                  "and whether it is of managed domains only.");
    value_set_take(v, "info", info);
    value_add_take(servers, map_of("url", value_str("http://xend"))); /* over the unix socket */
    value_set_take(v, "servers", servers);
    for (size_t i = 0; i < routes_count; i++)
        add_route(paths, &routes[i]);
    value_set_take(v, "paths", paths);
    value_set_take(v, "components", map_of("schemas", all_schemas()));
    return v;
}

/* A constant that costs a millisecond: made by the first who asks. */
static struct shared_text *text;

static void make_text(void)
{
    AUTO(value_freep) struct value *v = document();

    text = shared_text_new();
    json_print(v, &text->text);
    buf_addc(&text->text, '\n');
}

void api_openapi(struct xend *x, struct request *r, struct reply *p)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)x, (void)r;
    pthread_once(&once, make_text);
    p->status = 200;
    p->type = "application/json";
    p->shared = shared_text_ref(text);
}
