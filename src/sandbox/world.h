/* world: all that the sandbox knows, behind one lock.
 *
 * Thread: any for the functions; a member only with the lock held, but options, which are constant.
 * Owner: open/close.
 */
#ifndef KYC_SANDBOX_WORLD_H
#define KYC_SANDBOX_WORLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/json.h"
#include "sandbox/counts.h"
#include "sandbox/fault.h"
#include "sandbox/idempotency.h"
#include "sandbox/keyring.h"
#include "sandbox/options.h"
#include "sandbox/state.h"
#include "sandbox/tokens.h"
#include "sandbox/users.h"

enum { WORLD_APIS_MAX = 8 };

/* What one API has and saw. */
struct book {
    struct users users;
    struct counts counts;
};

/* What a thread needs while it works on a request. */
struct workspace {
    struct json_reader *reader; /* of the request */
    struct json_reader *second; /* of what is held against it */
    struct buffer merged;
    struct keyring_hmacs hmacs;
    struct workspace *next; /* idle ones */
};

struct world {
    const struct options *options;
    pthread_mutex_t lock;
    struct book books[WORLD_APIS_MAX]; /* by the API's place in api_table */
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
int world_open(struct world *world, const struct options *options, struct error *error);
void world_close(struct world *world);

void world_lock(struct world *world);
void world_unlock(struct world *world);

struct workspace *world_take_workspace(struct world *world);
void world_give_workspace(struct world *world, struct workspace *workspace);

/* All with the lock held. When the state cannot be written that is logged, and the request has to fail. */

/* The user as it is kept, made now, or NULL when it could not be written. */
struct user *world_add_user(struct world *world, struct book *book, const char *api, struct user user);
/* False when it could not be written. */
bool world_update_user(struct world *world, struct book *book, const char *api, struct user *user,
                       struct slice email, struct slice body);
bool world_verify_user(struct world *world, const char *api, struct user *user);
bool world_keep_idempotency(struct world *world, const char *api, const struct idempotency_entry *entry);
/* False when the nonce is not acceptable, or could not be written. */
bool world_use_nonce(struct world *world, int key, uint64_t nonce);

#endif
