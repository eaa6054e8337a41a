/* ledger_replay: recomputes a customer from its events, and compares that with its row.
 *
 * The chain proves the events; a run relies on the row. Some writes have no event (journalled, journalled
 * again, superseded, given up, forgotten), so a row may be ahead of its events in a few known ways, and in no
 * other. Columns that no event has cannot be proved: member and e-mail digests, the pending digest of an open
 * operation, idempotency key, message, kept and times; of these only the form is checked. Thread: one. Owner:
 * init/clear.
 */
#ifndef KYC_LEDGER_LEDGER_REPLAY_H
#define KYC_LEDGER_LEDGER_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/slice.h"

/* One event; text that is NULL is empty, a number 0. */
struct ledger_replay_event {
    int64_t id, run;
    struct slice operation, outcome, user_id, digest, code, request_id;
    int64_t http_status, attempt;
};

/* A customer's row. */
struct ledger_replay_row {
    struct slice state, user_id, digest, member_digests, operation, pending_digest, pending_member_digests;
    struct slice pending_email_digest;
    struct slice code, request_id;
    int64_t refusals, first_sent_at, http_status, attempts, first_run, updated_run;
    struct slice identity, twin;
    struct slice former_key; /* the HMAC of it (ledger_customer_digest); empty: none */
    int64_t verdict;
    struct slice left_out;
};

struct ledger_replay {
    struct arena arena;
    uint64_t count;
    struct ledger_replay_event last;
    bool last_is_terminal; /* certainly a refusal: the create is not open any more */
    struct slice user_id;  /* empty: never acknowledged */
    struct slice digest;   /* of what was acknowledged; empty: a person's verdict without digests */
    int64_t other_user;    /* the event that gave a second user; 0: none */
    bool update_since;     /* an update was tried since then */
    bool may_have_landed;  /* and is in doubt, or was until its repeat was refused */
    bool in_doubt;         /* a create is certainly in doubt */
    bool may_be_in_doubt;
    bool is_over; /* the operation was acknowledged: the next one counts its attempts from 1 */
    int64_t min_refusals, max_refusals, max_attempts;
    struct slice former_key; /* of the first rekey event: the HMAC of the key before it; empty: none */
    bool left_out;           /* the last acknowledged update left members out */
    int64_t verdict;         /* the event by which a person gave it its user; 0: an answer did */
};

void ledger_replay_init(struct ledger_replay *replay);
void ledger_replay_clear(struct ledger_replay *replay);
/* Begins the next customer. first_run: of its row. */
void ledger_replay_begin(struct ledger_replay *replay, int64_t first_run);
/* Its events in the order of their ids; copied as far as needed. */
void ledger_replay_add(struct ledger_replay *replay, const struct ledger_replay_event *event);
/* Writes to differences, for people, where the events contradict the row, joined by `; `. True when nowhere.
 */
bool ledger_replay_agrees(const struct ledger_replay *replay, const struct ledger_replay_row *row,
                          struct buffer *differences);

#endif
