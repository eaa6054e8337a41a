/* server_state: all data of the sandbox, behind one lock. It does not depend on what the APIs do.
 *
 * Thread: any for the functions; a member only with the lock held, except options and the APIs' rows, which
 * are constant. Owner: open/close.
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
#include "sandbox/state_file.h"
#include "sandbox/stats.h"
#include "sandbox/tokens.h"
#include "sandbox/users.h"

struct api;

enum {
    SERVER_STATE_APIS_MAX = 8,
    SERVER_STATE_BODY_MAX = 16 * 1024 * 1024, /* bytes of a request that are stored; the APIs accept less */
};

/* The data of one API. */
struct api_state {
    const struct api *api;
    struct users users;
    struct stats stats;
};

/* What a thread needs while it handles a request. */
struct workspace {
    struct json_reader *reader; /* of the request */
    struct json_reader *second; /* of the stored body it is compared with */
    struct buffer merged;
    struct keyring_hmacs hmacs;
    struct workspace *next; /* idle ones */
};

struct server_state {
    const struct options *options;
    pthread_mutex_t lock;
    struct api_state apis[SERVER_STATE_APIS_MAX];
    size_t api_count;
    struct fault_plan faults;
    struct keyring keyring;
    struct tokens tokens;
    bool keys_revoked; /* of every API, until they are restored */
    struct idempotency idempotency;
    uint64_t latency_random, trace_random; /* not the faults' generator: using one must not move another */
    struct state_file *file;               /* NULL: none */
    struct workspace *idle;
};

/* Opens the state of these APIs, and the file of the options if they name one. 0, or -1 when that cannot be
 * read. options and apis are borrowed. */
int server_state_open(struct server_state *state, const struct options *options,
                      const struct api *const *apis, size_t api_count, struct error *error);
void server_state_close(struct server_state *state);

void server_state_lock(struct server_state *state);
void server_state_unlock(struct server_state *state);

struct workspace *server_state_acquire_workspace(struct server_state *state);
void server_state_release_workspace(struct server_state *state, struct workspace *workspace);

/* All of the following with the lock held. When the state file cannot be written, that is logged and the
 * request has to fail. */

/* The stored user, created now; NULL when it could not be written. */
struct user *server_state_add_user(struct server_state *state, struct api_state *api_state, struct user user);
/* False when it could not be written. */
bool server_state_update_user(struct server_state *state, struct api_state *api_state, struct user *user,
                              struct slice email, struct slice body);
/* Keeps the user's standing, and whether it is removed. document: the digest of one that was just counted;
 * NULL: none. */
bool server_state_keep_standing(struct server_state *state, const struct api_state *api_state,
                                const struct user *user, const uint8_t *document);
bool server_state_record_idempotency(struct server_state *state, const struct api_state *api_state,
                                     const struct idempotency_entry *entry);
/* False when the nonce is not acceptable, or could not be written. */
bool server_state_use_nonce(struct server_state *state, int key, uint64_t nonce);

#endif
