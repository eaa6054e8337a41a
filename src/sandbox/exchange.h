/* exchange: one request and the answer to it.
 *
 * Thread: one at a time, handed over between the server's threads and the holds' thread. Owner: the server.
 */
#ifndef KYC_SANDBOX_EXCHANGE_H
#define KYC_SANDBOX_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/json.h"
#include "core/slice.h"
#include "sandbox/asked.h"
#include "sandbox/fault.h"

struct MHD_Connection;
struct api;
struct api_state;
struct server_state;

enum { EXCHANGE_METHOD_SIZE = 16, EXCHANGE_BODY_MAX = 16 * 1024 * 1024 };

struct exchange {
    struct server_state *server;
    struct MHD_Connection *connection;
    /* the request */
    char *target;      /* as it stood on the request line */
    struct slice path; /* of the target: behind the API's prefix, without the query */
    char method[EXCHANGE_METHOD_SIZE];
    const struct api *api;       /* NULL: of the sandbox itself */
    struct api_state *api_state; /* of the API */
    enum asked asked;
    struct buffer body;
    bool begun;           /* its headers were seen */
    bool in_flight;       /* it counts as such */
    bool over_limit;      /* it came too early */
    bool caused_by_fault; /* a 4xx would be no mistake of the client: a fault of ours led to it */
    bool claimed;         /* between its API's claim and release */
    /* the answer */
    enum fault_kind fault;
    bool ready;
    bool retry_after;         /* the answer says when to come again */
    unsigned status;          /* 0: none yet, or none at all */
    const char *content_type; /* constant */
    const char *error_type;   /* constant: of x-amzn-errortype; NULL: none */
    struct buffer answer;
    uint64_t trace; /* its number */
};

struct exchange *exchange_new(struct server_state *server, struct MHD_Connection *connection,
                              const char *target);
void exchange_free(struct exchange *exchange);

/* The value of a header of the request; NULL when it is absent. */
const char *exchange_header(const struct exchange *exchange, const char *name);

/* The token of an Authorization header of type Bearer; empty: none. */
struct slice exchange_bearer(const struct exchange *exchange);

/* True when the sandbox was told to revoke all API keys; a 4xx is then no mistake of the client. Takes the
 * world's lock. */
bool exchange_key_is_revoked(struct exchange *exchange);

/* True when the path is `before` alone (then *id is empty), or `before` + "/" + *id without another slash. */
bool exchange_path_is(const struct exchange *exchange, const char *before, struct slice *id);
bool exchange_method_is(const struct exchange *exchange, const char *method);
/* application/json, with or without parameters. */
bool exchange_is_json(const struct exchange *exchange);

/* Writes a part of a path with its %XX undone into out, and a NUL. Empty when an escape is broken or it does
 * not fit. */
struct slice exchange_decode(struct slice part, char *out, size_t size);

/* The value of a parameter of the query, %XX and + undone; NULL when it is absent. */
const char *exchange_parameter(const struct exchange *exchange, const char *name);

/* Begins an answer of JSON: sets the status and empties what was there; the caller writes one value. */
void exchange_begin_answer(struct exchange *exchange, unsigned status, struct json_writer *writer);

/* Answers {"errors":[{"code":…,"message":…}]}. */
void exchange_refuse(struct exchange *exchange, unsigned status, const char *code, const char *message);

#endif
