/* server_state: all that the sandbox knows, behind one lock.
 *
 * Thread: any for the functions; a member only with the lock held, but options, which are constant.
 * Owner: open/close.
 */
#ifndef KYC_SANDBOX_SERVER_STATE_H
#define KYC_SANDBOX_SERVER_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/json.h"
#include "sandbox/fault.h"
#include "sandbox/idempotency.h"
#include "sandbox/keyring.h"
#include "sandbox/options.h"
#include "sandbox/state.h"
#include "sandbox/stats.h"
#include "sandbox/tokens.h"
#include "sandbox/users.h"

enum { SERVER_STATE_APIS_MAX = 8 };

/* What one API has and saw. */
struct api_state {
    struct users users;
    struct stats stats;
};

/* What a thread needs while it works on a request. */
struct workspace {
    struct json_reader *reader; /* of the request */
    struct json_reader *second; /* of what is held against it */
    struct buffer merged;
    struct keyring_hmacs hmacs;
    struct workspace *next; /* idle ones */
};

struct server_state {
    const struct options *options;
    pthread_mutex_t lock;
    struct api_state books[SERVER_STATE_APIS_MAX]; /* by the API's place in api_table */
    struct fault_plan faults;
    struct keyring keyring;
    struct tokens tokens;
    bool keys_revoked; /* of every API, until they are restored */
    struct idempotency idempotency;
    uint64_t latency_random, trace_random; /* apart from the faults', so that neither moves the other */
    struct state *state;                   /* NULL: none */
    struct workspace *idle;
};

/* 0, or -1 when the state cannot be read. options are borrowed. */
int server_state_open(struct server_state *server, const struct options *options, struct error *error);
void server_state_close(struct server_state *server);

void server_state_lock(struct server_state *server);
void server_state_unlock(struct server_state *server);

struct workspace *server_state_acquire_workspace(struct server_state *server);
void server_state_release_workspace(struct server_state *server, struct workspace *workspace);

/* All with the lock held. When the state cannot be written that is logged, and the request has to fail. */

/* The user as it is kept, made now, or NULL when it could not be written. */
struct user *server_state_add_user(struct server_state *server, struct api_state *api_state, const char *api,
                                   struct user user);
/* False when it could not be written. */
bool server_state_update_user(struct server_state *server, struct api_state *api_state, const char *api,
                              struct user *user, struct slice email, struct slice body);
bool server_state_verify_user(struct server_state *server, const char *api, struct user *user);
bool server_state_keep_idempotency(struct server_state *server, const char *api,
                                   const struct idempotency_entry *entry);
/* False when the nonce is not acceptable, or could not be written. */
bool server_state_use_nonce(struct server_state *server, int key, uint64_t nonce);

#endif
