/* state_file: users, updates, standings, nonces and idempotency keys on disk, so that they outlive a restart
 * and a kill -9 of the sandbox.
 *
 * A log of one JSON object a line, appended to before the answer is sent. It is not synced: it shall survive
 * the process, not the machine. A last line that a kill left incomplete is dropped at the next start.
 * Thread: one at a time. Owner: open/close.
 */
#ifndef KYC_SANDBOX_STATE_FILE_H
#define KYC_SANDBOX_STATE_FILE_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"
#include "sandbox/users.h"

struct idempotency_entry;
struct server_state;

struct state_file {
    int fd;
    const char *path;
    struct buffer line;
};

/* Opens (or creates) the log, locks it, and loads its content into the server state. 0, or -1 with scope
 * ERROR_USAGE. */
int state_file_open(struct state_file *file, const char *path, struct server_state *state,
                    struct error *error);
void state_file_close(struct state_file *file);

/* 0, or -1 with errno. */
int state_file_add_user(struct state_file *file, const char *api, struct user *user);
int state_file_add_update(struct state_file *file, const char *api, const struct user *user);
/* document: the digest of one that was just counted; NULL: none. */
int state_file_add_standing(struct state_file *file, const char *api, const struct user *user,
                            const uint8_t *document);
int state_file_add_idempotency(struct state_file *file, const char *api,
                               const struct idempotency_entry *entry);
int state_file_add_nonce(struct state_file *file, const char *api_key, uint64_t nonce);

#endif
