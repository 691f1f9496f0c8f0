/*
 * The OpenAPI document: the API described for programs, made at run time from the route table and
 * from the tables of fields of the spec and the devices. The rows of route.c name their parameters
 * and answers by the ids here; what these mean stands in openapi.c.
 */
#ifndef XEND_OPENAPI_H
#define XEND_OPENAPI_H

#include "config/value.h"
#include "xend/route.h"

/* Parameters in the query or in headers; those in the path follow from the path. */
enum param_id {
    PARAM_WAIT,
    PARAM_SINCE_LIST,
    PARAM_DETAIL,
    PARAM_HOST_DETAIL,
    PARAM_FIELDS,
    PARAM_STATE,
    PARAM_IF_NONE_MATCH,
    PARAM_IF_MATCH,
    PARAM_SINCE_EVENT,
    PARAM_LIMIT,
    PARAM_LAST_EVENT_ID,
    PARAM_BYTES,
    PARAM_OF_DOMAIN,
    PARAM_OF,
    PARAM_FOLLOW,
    PARAM_CONSOLE,
    PARAM_CHANNEL,
    PARAM_HISTORY,
    PARAM_UPGRADE,
    PARAM_UPGRADE_STREAM,
    PARAM_CLASS,
    PARAM_FORCE,
    PARAMS
};

/* Statuses of answers. Every route may also answer 403, and others ("default") with a Problem. */
enum answer_id {
    ANSWER_UPGRADED,
    ANSWER_OK,
    ANSWER_ACCEPTED,
    ANSWER_SAME,
    ANSWER_INVALID,
    ANSWER_DENIED,
    ANSWER_NOT_FOUND,
    ANSWER_CONFLICT,
    ANSWER_GONE,
    ANSWER_CHANGED,
    ANSWER_TOO_LARGE,
    ANSWER_UPGRADE,
    ANSWER_UNSUPPORTED,
    ANSWER_UNAVAILABLE,
    ANSWER_TIMEOUT,
    ANSWERS
};

/* GET /v1/openapi.json: the document's text, made once. */
handler_fn api_openapi;

#endif
