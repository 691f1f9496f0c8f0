/*
 * Words, parameters and statuses of the OpenAPI document; see openapi_keys.h. Its objects are in
 * openapi_keys.c.
 */
#include "xend/openapi_keys.h"

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/console.h"
#include "xend/events.h"

#define LOG_BYTES (1024 * 1024) /* as api_log.c takes it */

const char *word_of(enum words w, int n)
{
    static const enum stop_reason to_ask[] = {STOP_POWEROFF, STOP_REBOOT, STOP_HALT};

    switch (w) {
    case DOMAIN_STATES:
        return n <= DOMAIN_SUSPENDED ? domain_state_name((enum domain_state)n) : NULL;
    case STOP_REASONS:
        return n <= STOP_HALT ? stop_reason_name((enum stop_reason)n) : NULL;
    case SHUTDOWN_REASONS:
        return n < (int)ARRAY_LEN(to_ask) ? stop_reason_name(to_ask[n]) : NULL;
    case JOB_STATES:
        return n <= TASK_CANCELLED ? task_state_name((enum task_state)n) : NULL;
    case ERROR_CODES:
        return n + 1 < ERR_CODE_END ? err_info((enum err_code)(n + 1))->name : NULL;
    case DETAILS:
        return n == 0 ? "config" : NULL;
    case HOST_DETAILS:
        return n == 0 ? "numa" : NULL;
    case TRIGGERS:
        return n <= TRIGGER_POWER ? trigger_name((enum trigger)n) : NULL;
    case PROTOCOLS:
        return n == 0 ? "xend-console" : NULL;
    case STREAM_PROTOCOLS:
        return n == 0 ? "xend-stream" : NULL;
    case DEVICE_CLASS_WORDS:
        return n < DEVICE_CLASSES ? device_class_name((enum device_class)n) : NULL;
    default:
        return NULL;
    }
}

const struct key params[PARAMS] = {
    [PARAM_WAIT] = {"wait", "integer", "Seconds to wait for an end or a change.",
                    RANGE(0, WAIT_MAX_S)},
    [PARAM_SINCE_LIST] = {"since", "string",
                          .doc = "The generation that the client has: with wait, the answer comes "
                                 "when it is not the present one."},
    [PARAM_DETAIL] = {"detail", "string", "Adds the spec, as config.", .words = DETAILS},
    [PARAM_HOST_DETAIL] = {"detail", "string", "Adds cpu_topology and numa_info.",
                           .words = HOST_DETAILS},
    [PARAM_FIELDS] = {"fields", "string",
                      .doc = "Only these keys of a domain, with commas between."},
    [PARAM_STATE] = {"state", "string", "Only domains in these states, with commas between.",
                     .flags = LISTED, .words = DOMAIN_STATES},
    [PARAM_IF_NONE_MATCH] = {"If-None-Match", "string", "The ETag that the client has.",
                             .in = "header"},
    [PARAM_IF_MATCH] = {"If-Match", "string",
                        .doc = "The ETag of what the client has seen; refused with 412 when it is "
                               "another by now.",
                        .in = "header"},
    [PARAM_SINCE_EVENT] = {"since", "integer", "Only events after this id.", RANGE(0, INT64_MAX)},
    [PARAM_LIMIT] = {"limit", "integer", "At most so many, the newest.", RANGE(1, EVENTS_KEPT)},
    [PARAM_LAST_EVENT_ID] = {"Last-Event-ID", "integer", "As since.", RANGE(0, INT64_MAX),
                             .in = "header"},
    [PARAM_BYTES] = {"bytes", "integer", "How much of the log's end.", RANGE(0, LOG_BYTES)},
    [PARAM_OF_DOMAIN] = {"domain", "string", .doc = "Only lines about the domain of this name."},
    [PARAM_OF] = {"domain", "string",
                  .doc = "Only those of one domain: its name, domid or uuid; also of one that is "
                         "gone, while an event that is kept tells of it."},
    [PARAM_FOLLOW] = {"follow", "boolean", .doc = "Go on with what is written from now on."},
    [PARAM_CONSOLE] = {"n", "integer", "The number of the console, or serial port; 0 is the first.",
                       RANGE(0, CONSOLE_SERIALS - 1)},
    [PARAM_CHANNEL] = {"channel", "string",
                       .doc = "Not a serial port but the channel of this name, a pty."},
    [PARAM_HISTORY] = {"history", "integer", "Bytes of what the guest said before, sent first.",
                       RANGE(0, CONSOLE_HISTORY_MAX)},
    [PARAM_CLASS] = {"class", "string", "Only devices of this class.", .words = DEVICE_CLASS_WORDS},
    [PARAM_FORCE] = {"force", "boolean", .doc = "Take it away whether the guest lets go or not."},
    [PARAM_UPGRADE_STREAM] = {"Upgrade", "string", "The protocol.", .words = STREAM_PROTOCOLS,
                              .in = "header"},
    [PARAM_UPGRADE] = {"Upgrade", "string", "The protocol.", .words = PROTOCOLS, .in = "header"},
};

const struct key path_params[] = {
    {"domain", "string", "A name of a running domain, another name, a domid or a uuid.",
     .in = "path"},
    {"job", "integer", "The job's id.", RANGE(1, INT64_MAX), .in = "path"},
    {"cpupool", "string", "The name of a cpupool.", .in = "path"},
    {"class", "string", .doc = "A class of devices.", .words = DEVICE_CLASS_WORDS, .in = "path"},
    {"device", "string", "Its number, or its name: a MAC, a vdev.", .in = "path"},
    {"network", "string", "A virtual network.", .in = "path"},
    {"interface", "string", "An interface of the host.", .in = "path"},
    {"pci", "string", "The address of a PCI device, as 0000:03:00.0.", .in = "path"},
};
const size_t path_params_count = ARRAY_LEN(path_params);

const struct answer answers[ANSWERS] = {
    [ANSWER_UPGRADED] = {101, "The connection is another protocol's from now on."},
    [ANSWER_OK] = {200, "As asked; a job has ended."},
    [ANSWER_ACCEPTED] = {202, "The job goes on; the header Location names it."},
    [ANSWER_SAME] = {304, "Nothing has changed."},
    [ANSWER_INVALID] = {400, "The request is wrong."},
    [ANSWER_DENIED] = {403, "The caller's level is too low."},
    [ANSWER_NOT_FOUND] = {404, "What the path names does not exist."},
    [ANSWER_CONFLICT] = {409, "Not possible now, taken already, or cancelled."},
    [ANSWER_GONE] = {410, "Events after this id are not kept any more."},
    [ANSWER_CHANGED] = {412, "It is not what If-Match says any more."},
    [ANSWER_TOO_LARGE] = {413, "The body is over the limit."},
    [ANSWER_UPGRADE] = {426, "This needs the header Upgrade."},
    [ANSWER_UNSUPPORTED] = {501, "The driver cannot do it."},
    [ANSWER_TIMEOUT] = {504, "The guest has not obeyed."},
    [ANSWER_UNAVAILABLE] = {503, "Not to be had now."},
};
