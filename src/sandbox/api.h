/* api: one provider's API as the sandbox serves it. Each provider is one source that defines one struct api;
 * main.c lists them.
 *
 * Thread: constant.
 */
#ifndef KYC_SANDBOX_API_H
#define KYC_SANDBOX_API_H

#include <stdbool.h>
#include <stddef.h>

#include "model/outcome.h"

/* A path of a POST about one user: `before`/ID`after`. */
struct api_route {
    const char *before, *after;
    enum operation operation;
};

struct exchange;
struct json_node;
struct schema_faults;
struct workspace;

struct api {
    const char *name;               /* also its path prefix: `payward` is served under /payward */
    const char *users_path;         /* behind that prefix */
    const char *login_path;         /* NULL: no logins */
    const struct api_route *routes; /* ends with a before of NULL; NULL: none */
    bool lists_all;           /* a GET of users_path returns every user; false: those that match its query */
    size_t body_max;          /* bytes of a request; a longer one is answered 413 */
    const char *trace_header; /* response header with the request's number */

    /* What surrounds the array of faults in a response that lists what is wrong with a body, and the key
     * under which each fault names its field. */
    const char *faults_before, *faults_after, *fault_field;

    /* Adds the faults of a create that its schema cannot express. NULL: none. */
    void (*check_more)(const struct exchange *exchange, const struct json_node *nodes,
                       struct schema_faults *faults);

    /* Checks the credentials. False: the answer (401, 403) is in the exchange. Called when the request is
     * complete, before any fault and latency; without the server state's lock. */
    bool (*authenticate)(struct exchange *exchange, struct workspace *workspace);

    /* Handles the request and answers it, whatever its operation. Without the server state's lock. */
    void (*handle)(struct exchange *exchange, struct workspace *workspace);

    /* Answers 429 in this provider's format. */
    void (*throttle)(struct exchange *exchange);

    /* Answers any other error in this provider's format. code: a word, message: a sentence. */
    void (*refuse)(struct exchange *exchange, unsigned status, const char *code, const char *message);

    /* lock marks what the request is about (kira: its idempotency key) as in use until unlock, and answers
     * the request when another one has it. After authenticate, before any latency. Both NULL: nothing to
     * lock. */
    void (*lock)(struct exchange *exchange);
    void (*unlock)(struct exchange *exchange);
};

extern const struct api api_payward;
extern const struct api api_kraken_embed;
extern const struct api api_kira;
extern const struct api api_payso;

#endif
