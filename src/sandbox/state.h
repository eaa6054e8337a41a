/* state: users, updates, nonces and idempotency keys on disk, so that they outlive a restart and a kill -9 of
 * the sandbox.
 *
 * A log of one JSON object a line, appended to before the answer leaves. It is not synced: it is to survive
 * the process, not the machine. A last line that a kill cut off is dropped at the next start.
 * Thread: one at a time. Owner: open/close.
 */
#ifndef KYC_SANDBOX_STATE_H
#define KYC_SANDBOX_STATE_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"
#include "sandbox/users.h"

struct idempotency_entry;
struct server_state;

struct state {
    int fd;
    const char *path;
    struct buffer line;
};

/* Opens (and makes) the log, locks it, and adds what it holds to the world. 0, or -1 with scope ERROR_USAGE.
 */
int state_open(struct state *state, const char *path, struct server_state *server, struct error *error);
void state_close(struct state *state);

/* 0, or -1 with errno. */
int state_add_user(struct state *state, const char *api, const struct user *user);
int state_add_update(struct state *state, const char *api, const struct user *user);
int state_add_verified(struct state *state, const char *api, const struct user *user);
int state_add_idempotency(struct state *state, const char *api, const struct idempotency_entry *entry);
int state_add_nonce(struct state *state, const char *api_key, uint64_t nonce);

#endif
