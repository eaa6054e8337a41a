/* exchange: one request and the answer to it.
 *
 * Thread: one at a time; handed over between the server's threads and the delay queue's. Owner: the server.
 */
#ifndef KYC_SANDBOX_EXCHANGE_H
#define KYC_SANDBOX_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/json.h"
#include "core/slice.h"
#include "sandbox/fault.h"

struct MHD_Connection;
struct api;
struct api_state;
struct server_state;

enum { EXCHANGE_METHOD_SIZE = 16 };

struct exchange {
    struct server_state *state;
    struct MHD_Connection *connection;
    /* the request */
    char *target;      /* as in the request line */
    struct slice path; /* of the target: behind the API's prefix, without the query */
    char method[EXCHANGE_METHOD_SIZE];
    const struct api *api;       /* NULL: a request of the sandbox itself */
    struct api_state *api_state; /* of the API */
    enum operation operation;    /* or OPERATION_OTHER */
    struct buffer body;
    bool begun;           /* its headers were read */
    bool in_flight;       /* it is counted as such */
    bool over_limit;      /* it exceeds the rate limit */
    bool caused_by_fault; /* a 4xx would not be the client's mistake: a fault of the sandbox led to it */
    bool locked;          /* between its API's lock and unlock */
    /* the answer */
    enum fault_kind fault;
    bool ready;
    bool retry_after;         /* send a Retry-After */
    unsigned status;          /* 0: none yet, or none at all */
    const char *content_type; /* constant */
    const char *error_type;   /* constant: of x-amzn-errortype; NULL: none */
    struct buffer answer;
    uint64_t trace; /* the request's number */
};

struct exchange *exchange_new(struct server_state *state, struct MHD_Connection *connection,
                              const char *target);
void exchange_free(struct exchange *exchange);

/* The value of a header of the request; NULL when it is absent. */
const char *exchange_header(const struct exchange *exchange, const char *name);

/* The token of an Authorization header of type Bearer; empty: none. */
struct slice exchange_bearer(const struct exchange *exchange);

/* True after /_sandbox/revoke-keys; marks the exchange as caused_by_fault. Takes the server state's lock. */
bool exchange_key_is_revoked(struct exchange *exchange);

/* True when the path is `before` alone (then *id is empty), or `before` + "/" + *id without another slash. */
bool exchange_path_is(const struct exchange *exchange, const char *before, struct slice *id);
/* True when the path is `before` + "/" + *id + `after`, with an *id without a slash. */
bool exchange_path_is_below(const struct exchange *exchange, const char *before, const char *after,
                            struct slice *id);
bool exchange_method_is(const struct exchange *exchange, const char *method);
/* application/json, with or without parameters. */
bool exchange_is_json(const struct exchange *exchange);

/* Decodes the %XX of a part of a path into out, and adds a NUL. Empty when an escape is broken or out is too
 * small. */
struct slice exchange_decode(struct slice part, char *out, size_t size);

/* The value of a parameter of the query, its %XX and + decoded; NULL when it is absent. */
const char *exchange_parameter(const struct exchange *exchange, const char *name);

/* Begins a JSON answer: sets the status and discards an earlier answer; the caller writes one value. */
void exchange_begin_answer(struct exchange *exchange, unsigned status, struct json_writer *writer);

/* Answers {"errors":[{"code":…,"message":…}]}. */
void exchange_refuse(struct exchange *exchange, unsigned status, const char *code, const char *message);

#endif
