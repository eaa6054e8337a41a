/* api: the providers that the sandbox stands in for; one file and one row of a table each.
 *
 * Thread: constant.
 */
#ifndef KYC_SANDBOX_API_H
#define KYC_SANDBOX_API_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"

struct exchange;
struct json_node;
struct schema_faults;
struct workspace;

struct api {
    const char *name;         /* also its prefix: `payward` is served under /payward */
    const char *users_path;   /* behind that prefix */
    const char *login_path;   /* NULL: there are no logins */
    bool lists_all;           /* a GET of users_path gives every user, else those of a query */
    size_t body_max;          /* bytes of a request; more is 413 */
    const char *trace_header; /* under which an answer carries its number */

    /* How an answer that lists what is wrong with a body begins and ends, around the array of faults, and
     * the key of the place of each. */
    const char *faults_before, *faults_after, *fault_field;

    /* Adds what else is wrong with a create whose shape is right. NULL: nothing else can be. */
    void (*check_more)(const struct exchange *exchange, const struct json_node *nodes,
                       struct schema_faults *faults);

    /* Checks who asks. True, or false with the answer (401, 403) in the exchange. Runs when the request is
     * complete, before any fault and latency; without the world's lock. */
    bool (*admit)(struct exchange *exchange, struct workspace *workspace);

    /* Does the work and answers, whatever was asked. Without the world's lock. */
    void (*work)(struct exchange *exchange, struct workspace *workspace);

    /* Answers that too many requests came: 429 in this provider's shape. */
    void (*throttle)(struct exchange *exchange);

    /* Answers any other error in this provider's shape. code: a word, message: a sentence. */
    void (*refuse)(struct exchange *exchange, unsigned status, const char *code, const char *message);

    /* Marks what the request works on as in hand, until release; answers when somebody else has it. After
     * admit, before any latency. Both NULL where nothing is to be marked. */
    void (*claim)(struct exchange *exchange);
    void (*release)(struct exchange *exchange);
};

extern const struct api *const api_table[];
extern const size_t api_count;

/* Index of the API under whose prefix the request target lies, -1 when there is none; *path: what follows
 * the prefix, without the query. */
int api_find(const char *target, struct slice *path);

/* The rows. */
extern const struct api api_payward;
extern const struct api api_kraken_embed;
extern const struct api api_kira;
extern const struct api api_payso;

#endif
