/* ledger: what is still to do (resume), what became of each customer, and proof that this history was not
 * changed.
 *
 * Where a ledger is kept is a matter of ledger_store.h alone. Every write of a customer is a change of its
 * row (ledger_apply.h) with an event that seals the row after it (ledger_chain.h); so is the start and the
 * end of a run. Public words, for people who query a ledger: customer.state is journalled, in_doubt, created,
 * refused, unsent or erased; customer.operation is create or update; customer.twin is refused, stopped or
 * allowed. What the columns hold: ledger_row.h. event.operation is create, update, look_up, fetch, list,
 * identify, adopt, verification (changed, with the state as code; linked), link, document, rekey, erase or
 * run; event.outcome is that of an attempt (model/outcome.h) or, where nothing was sent (attempt 0),
 * journalled, held, repeated, superseded, refused, in_doubt, abandoned, forgotten, settled, twin_refused,
 * twin_stopped, released, done, started or finished. What follows the create: the verification of users
 * (ledger_verification.h), their links and documents (ledger_task.h).
 *
 * A customer with a user_id, or whose create is in doubt with other data, is never sent a create. No row of a
 * customer is ever deleted. All writes are between ledger_begin and ledger_commit, and durable once commit
 * has returned 0. Every failure is ERROR_LEDGER, or ERROR_BUSY where another program or run is its reason,
 * with a message that names the ledger and a hint (disk full, read-only, damaged). Thread: one (the
 * coordinator). Owner: open/close.
 */
#ifndef KYC_LEDGER_LEDGER_H
#define KYC_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/secret.h"
#include "core/slice.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger_apply.h"
#include "ledger/ledger_row.h"
#include "model/outcome.h"

struct ledger;

/* A ledger belongs to one job at one provider at one base URL; with any other it is refused (ERROR_LEDGER,
 * with what differs). One without any customer is nobody's yet: see ledger_is_rebound. */
struct ledger_identity {
    const char *job, *provider;
    struct slice base_url;
};

/* Where a ledger is kept, and what opens it. It is borrowed. */
struct ledger_place {
    const char *location;     /* a path, or postgresql://… without a password (core/postgres_url.h) */
    const char *job;          /* its name: the schema in PostgreSQL is kyc_JOB, `-` as `_` */
    const struct secret *key; /* `ledger_key`; NULL or absent: LEDGER.key, made with the ledger (0600), whose
                                 loss is ERROR_LEDGER. Never absent of a URL */
    const struct secret *password; /* `ledger_password`; NULL or absent: none. Only of a URL */
    const int *stop_fd;            /* while it is readable, opening ends with ERROR_INTERRUPTED instead of
                                      waiting for a database, or for its former writer; NULL: none */
};

enum ledger_mode {
    LEDGER_READ,  /* a dry run, status: never writes, takes no lease */
    LEDGER_WRITE, /* takes the lease, which no other process has; a file is created (0600) when it is missing
                   */
    LEDGER_MAKE,  /* the same; a schema is created too: only where a person has allowed it (--new-ledger,
                     adopt) */
};

/* In LEDGER_READ a ledger that does not exist is NULL with error->scope ERROR_NONE. LEDGER_WRITE,
 * LEDGER_MAKE: ERROR_BUSY when another process holds the lease (the message names it). In a database that
 * takes until its next renewal, about a third of the lease; a holder that renews nothing for a whole lease is
 * replaced (ledger_lease.h). LEDGER_WRITE of a schema that does not exist: ERROR_LEDGER. A network file
 * system is refused, and a file with more than one hard link. */
struct ledger *ledger_open(const struct ledger_place *place, enum ledger_mode mode,
                           const struct ledger_identity *identity, struct error *error);
void ledger_close(struct ledger *ledger);
/* True when the ledger is in a database that other hosts reach too. */
bool ledger_is_remote(const char *location);
/* True once a write or a read has failed in a way that this process cannot mend: the connection is lost, or
 * another process has taken the lease. Every later call fails with the same error. */
bool ledger_has_failed(const struct ledger *ledger);

/* True when this ledger_open made the ledger (LEDGER_MAKE, or LEDGER_WRITE of a file). */
bool ledger_is_made(const struct ledger *ledger);

/* True when the ledger belongs to another job, provider or base URL, and no customer was ever journalled in
 * it: a first run whose base URL was wrong leaves such a one. It is opened all the same, and the next
 * ledger_run_start makes it that of its identity. */
bool ledger_is_rebound(const struct ledger *ledger);

/* Whether there is one: 1, 0, -1 with ERROR_LEDGER (a database that does not answer). */
int ledger_exists(const struct ledger_place *place, struct error *error);

/* The path of a file that is kept beside the ledger at location (`.lock`, `.key`, `.head`): where that is a
 * symbolic link, beside the file that it names. NULL: the ledger is not a file. Owner: the caller frees. */
char *ledger_beside(const char *location, const char *suffix);

/* Checks, without creating anything, that a ledger could be created at a place. Of a file: its folder exists,
 * is writable and not on a network file system; of a database: it answers, and this account may create the
 * schema. 0, or -1. */
int ledger_check_place(const struct ledger_place *place, struct error *error);

/* The digest key, for fingerprints. */
const uint8_t *ledger_fingerprint_key(const struct ledger *ledger);

/* A customer of the scan; valid during the call. */
struct ledger_brief {
    int64_t id;
    struct slice external_id;
    enum ledger_state state;
    bool has_user_id;
    bool pending;    /* an operation was tried and is not acknowledged; see ledger_find (open while
                        first_sent_at is set, else refused) */
    bool open;       /* and it is open: a create or an update in doubt unless this run resolves it */
    bool identified; /* it has an identity digest of the current rule */
    uint64_t digest; /* first 8 bytes (little endian) of the digest of what the provider has; 0: none */
};

/* Every customer that has a key and was not erased, in one sequential pass, in any order. 0, or -1. */
int ledger_scan(struct ledger *ledger, void (*each)(void *context, const struct ledger_brief *brief),
                void *context, struct error *error);

/* One customer in full; slices are in the arena, and end in a NUL. 1 found, 0 not, -1 error. */
int ledger_find(struct ledger *ledger, int64_t id, struct arena *arena, struct ledger_customer *customer,
                struct error *error);

/* The same for a customer that this process has seen in the ledger: 0, or -1 also when it is gone. */
int ledger_find_known(struct ledger *ledger, int64_t id, struct arena *arena,
                      struct ledger_customer *customer, struct error *error);

/* The same by its key. */
int ledger_find_by_key(struct ledger *ledger, struct slice external_id, struct arena *arena,
                       struct ledger_customer *customer, struct error *error);

/* *id: the customer with this user_id; 0: none. 0, or -1. */
int ledger_owner(struct ledger *ledger, struct slice user_id, int64_t *id, struct error *error);
/* The next customer with a user after that id; 1 found, 0 none, -1. Slices end in a NUL. */
int ledger_next_user(struct ledger *ledger, int64_t after, struct arena *arena,
                     struct ledger_customer *customer, struct error *error);
/* Every user_id in one sequential pass; each is valid during the call. is_deleted: the provider has no such
 * user any more. 0, or -1. */
int ledger_each_user(struct ledger *ledger,
                     void (*each)(void *context, struct slice user_id, bool is_deleted), void *context,
                     struct error *error);

int ledger_begin(struct ledger *ledger, struct error *error);
/* Durable when it returns 0. An empty transaction does no I/O. After a failed write, later writes in the same
 * transaction fail with the same error; the next ledger_begin rolls back. */
int ledger_commit(struct ledger *ledger, struct error *error);

/* What the writes that follow will read, so that they need no question of their own: rows by id or key, and
 * owners of users. The texts are borrowed until ledger_prefetch has returned. Empty: zeros. Owner: clear. */
struct ledger_wanted {
    int64_t *ids;
    struct slice *keys, *users;
    size_t id_count, key_count, user_count;
    size_t id_capacity, key_capacity, user_capacity;
};
void ledger_wanted_id(struct ledger_wanted *wanted, int64_t id);        /* 0 is ignored */
void ledger_wanted_key(struct ledger_wanted *wanted, struct slice key); /* empty is ignored, as below */
void ledger_wanted_user(struct ledger_wanted *wanted, struct slice user_id);
void ledger_wanted_reset(struct ledger_wanted *wanted);
void ledger_wanted_clear(struct ledger_wanted *wanted);

/* Asks for all of it in one question of a database over a network; without it each function asks for what it
 * needs. For a file nothing is done. Between begin and commit; what it finds of keys and users holds until
 * the next ledger_begin. Of a ledger that is read only: at any time; all that it finds holds until the next
 * call. 0, or -1. */
int ledger_prefetch(struct ledger *ledger, const struct ledger_wanted *wanted, struct error *error);

/* An operation before its first attempt (journalled before sent). */
struct ledger_intent {
    int64_t id;  /* 0: a new customer, or one that is found by its key */
    bool is_new; /* id is 0, and the caller has read all keys of this ledger: no look-up. If the key is there
                    all the same, the write or the commit fails */
    struct slice external_id;
    uint64_t row; /* of the input */
    enum operation operation;
    const uint8_t *digest; /* FINGERPRINT_LEN */
    struct slice member_digests;
    struct slice email_digest;    /* fingerprint_email */
    struct slice idempotency_key; /* empty: none */
    struct slice identity;        /* empty: none; the stored one stays then */
    uint64_t at_ns; /* real ns; first_sent_at, kept when the same operation is journalled again in doubt */
};

/* Inserts or finds the customer and writes the operation; *id: the customer. A create for a customer with a
 * user_id, or with a create in doubt with other digests, is a bug of the caller (assert). Journalled again
 * with the same digests, an open operation keeps its first_sent_at, its key and its digests, and an open
 * create is in doubt from then on. An update in doubt may have been executed: once it is in doubt (by its
 * outcome, or journalled again, with the same digests or others) digest becomes absent and the members that
 * it changes unknown, until an update is acknowledged. */
int ledger_journal(struct ledger *ledger, const struct ledger_intent *intent, int64_t *id,
                   struct error *error);

/* The row of a create in doubt has changed, and the create is repeated with the new data (the same reference
 * gives the same user): the user may have either data. The digests replace the journalled ones, with
 * LEDGER_MEMBER_UNKNOWN for the differing members; key and first_sent_at stay. */
int ledger_journal_superseded(struct ledger *ledger, const struct ledger_intent *intent, struct error *error);

/* The conclusion of an attempt. */
enum ledger_conclusion {
    /* The operation continues (a retry): an event, and for information the customer's attempts and last code;
     * a create whose outcome is OUTCOME_IN_DOUBT is in doubt. */
    LEDGER_RESULT_OPEN,
    /* Acknowledged: pending becomes what the provider has; a create sets user_id. */
    LEDGER_RESULT_ACKNOWLEDGED,
    /* A final refusal: a create is refused (refusals + 1, if it was sent); what is known of the provider's
     * data stays (nothing, where an earlier attempt of the update is in doubt), and so does pending: it is
     * what was refused. */
    LEDGER_RESULT_REFUSED,
    /* In doubt: pending stays; the members that an update changes are unknown. */
    LEDGER_RESULT_IN_DOUBT,
    /* Given up, and certainly not executed: unsent, so that the next run sends it again; an update as before
     * it was journalled. But an operation that may have been sent all the same (in doubt, or journalled
     * again) stays open. Without an attempt the columns of the last one stay. */
    LEDGER_RESULT_ABANDONED,
};

/* One attempt that was sent, or a conclusion without one (event false). */
struct ledger_result {
    int64_t id;
    uint64_t row;
    enum operation operation; /* of the request: the open one, or a look-up that resolves a create */
    enum ledger_conclusion conclusion;
    bool event;                    /* the attempt was sent */
    const struct outcome *outcome; /* NULL: only a conclusion */
    uint64_t left_out; /* of an ACKNOWLEDGED update: bit i: the provider left out member i. The member keeps
                          its digest, and digest becomes absent, so that it is sent again; the code of
                          customer and event becomes `left_out` */
    uint32_t attempt;  /* 1, 2, … of this operation */
    uint32_t latency_ms;
    uint64_t at_ns; /* real ns */
};

/* A user_id that another customer already owns is not an error of the run: *taken becomes true, and customer
 * and event are written as in doubt with the code `user_id_taken`. */
int ledger_result(struct ledger *ledger, const struct ledger_result *result, bool *taken,
                  struct error *error);

/* The refusal of this customer is not final (it stopped the run): forgets what was refused, so that the next
 * run sends it again. Without effect on an open operation. Between begin and commit. */
int ledger_forget_refusal(struct ledger *ledger, int64_t id, uint64_t at_ns, struct error *error);

/* Twins: the same person under another key.
 *
 * The customer other than id (0: none) with this identity and a user or an open create: 1 with its
 * external_id in the arena; 0: none; -1. */
int ledger_find_twin(struct ledger *ledger, const uint8_t identity[FINGERPRINT_IDENTITY_LEN], int64_t id,
                     struct arena *arena, struct slice *external_id, struct error *error);
/* Stores that this create was refused because of its twin, without being sent. id 0: a new customer. Not for
 * a customer with a user or an open create. Between begin and commit. 0, or -1. */
int ledger_note_twin(struct ledger *ledger, const struct ledger_intent *intent, struct slice message,
                     struct error *error);
/* The run stops because of its twins: the next run counts them as new ones. Between begin and commit. 0, or
 * -1.
 */
int ledger_stop_twins(struct ledger *ledger, uint64_t at_ns, struct error *error);

/* Digests that the ledger lacked, and that the row in the input provides. */
struct ledger_identification {
    int64_t id;
    struct slice external_id;
    uint64_t row;
    const uint8_t *identity; /* FINGERPRINT_IDENTITY_LEN; NULL: stays */
    const uint8_t *digest;   /* FINGERPRINT_LEN: what the provider has, all members agree; NULL: stays */
    uint64_t at_ns;          /* real ns */
};
/* An event `identify`. Between begin and commit. 0, or -1. */
int ledger_identify(struct ledger *ledger, const struct ledger_identification *known, struct error *error);

/* A user that the provider had before, found by its data (dispatch/adopt.h). */
struct ledger_adoption {
    struct slice external_id, user_id;
    uint64_t row;
    const uint8_t *digest; /* FINGERPRINT_LEN: of the row, whose members all agree; NULL: some differ */
    struct slice member_digests, email_digest; /* of what the provider has */
    struct slice identity;                     /* empty: none */
    uint64_t at_ns;                            /* real ns */
};
/* Makes it the user of the customer, a new one or one without a user, as if an answer to its create had
 * named it. *taken: not written, because another customer has this user, or this customer another one. An
 * event `adopt`. Between begin and commit. 0, or -1. */
int ledger_adopt(struct ledger *ledger, const struct ledger_adoption *adoption, bool *taken,
                 struct error *error);
/* The provider may have the user of this create, and which one is not clear: no run sends it until a person
 * decides (ledger_settle), or ledger_forget_refusal. Without effect when it is held already with this
 * message, or its create is open, or it has a user. intent: a create, id ignored. Between begin and commit.
 * 0, or -1. */
int ledger_hold(struct ledger *ledger, const struct ledger_intent *intent, struct slice message,
                struct error *error);
/* Whether `adopt` has begun and not ended: until then the ledger lacks customers that the provider has. */
int ledger_adopting(struct ledger *ledger, bool *adopting, struct error *error);
/* Between begin and commit. */
int ledger_adopting_set(struct ledger *ledger, bool adopting, struct error *error);
/* Whether the ledger was restored from a backup that may lack customers of the provider, and no person has
 * decided yet how to continue: 1 with the time of the backup (RFC 3339) in the arena; 0; -1. */
int ledger_restored(struct ledger *ledger, struct arena *arena, struct slice *backup_time,
                    struct error *error);
/* backup_time empty: it is decided. Clears the mark of a copy too. Between begin and commit. */
int ledger_restored_set(struct ledger *ledger, struct slice backup_time, struct error *error);
/* Whether the ledger is a backup that was put in its place by other means than a restore: 1 with the time of
 * the backup (RFC 3339) in the arena; 0; -1. */
int ledger_copied(struct ledger *ledger, struct arena *arena, struct slice *time, struct error *error);
/* Marks the file of a copy that no process uses. 0, or -1. */
int ledger_copied_mark(const char *path, struct slice time, struct error *error);
/* Between begin and commit. */
int ledger_copied_clear(struct ledger *ledger, struct error *error);
/* Whether the ledger was moved to another place (ledger_move.h), and is not to be written: 1 with when and
 * where to, in the arena; 0; -1. */
int ledger_moved_to(struct ledger *ledger, struct arena *arena, struct slice *time, struct slice *location,
                    struct error *error);
/* Of a ledger that was restored from a backup of a moved one. Between begin and commit. */
int ledger_moved_clear(struct ledger *ledger, struct error *error);
/* True if no customer was ever written. */
bool ledger_is_empty(const struct ledger *ledger);
/* Customers in it: the highest id, too. */
uint64_t ledger_customer_count(const struct ledger *ledger);

/* The result of a person's verdict. */
enum ledger_settlement {
    LEDGER_SETTLED,           /* the customer has this user, or has none and is created again */
    LEDGER_SETTLE_ADOPTED,    /* a customer that was never sent: its first update sends every member */
    LEDGER_SETTLE_ACCEPTED,   /* it had this user already: its digests become unknown, likewise */
    LEDGER_SETTLE_TAKEN,      /* not written: another customer has this user */
    LEDGER_SETTLE_OTHER_USER, /* not written: the customer has another user, assigned by an answer, not by a
                                 person */
    LEDGER_SETTLE_NO_DOUBT,   /* not written: absent, but its create is not in doubt; or erased */
    LEDGER_SETTLE_CORRECTED,  /* written: an earlier verdict had assigned another user */
    LEDGER_SETTLE_ALLOWED,    /* written: a twin is another person, and is created */
    LEDGER_SETTLE_UNKNOWN,    /* rekey, not written: no customer with a user has this key */
    LEDGER_SETTLE_IN_DOUBT,   /* rekey, not written: its create is in doubt under the old key */
    LEDGER_SETTLE_KEY_TAKEN,  /* rekey, not written: the new key has a history of its own */
    LEDGER_SETTLE_ERASED,     /* not written: a customer with this key (rekey: the new one) was erased */
};

/* A person's verdict on a create in doubt, the adoption of an existing user, or the correction of an earlier
 * verdict; it has an event (outcome `settled`). user_id empty: the provider has no such user, or a twin is
 * another person. proven: the provider has the user under this customer's external_id, so that it may replace
 * one that an answer assigned. Between begin and commit. 0, or -1. */
struct ledger_verdict {
    struct slice external_id, user_id;
    bool proven;
    bool differs;   /* its data differ from what was journalled, or were not compared: unknown, as with an
                       adopted user */
    uint64_t at_ns; /* real ns */
};
int ledger_settle(struct ledger *ledger, const struct ledger_verdict *verdict,
                  enum ledger_settlement *settlement, struct error *error);

/* Gives a customer with a user another key; the provider keeps the former one. key_members: member digests of
 * a record with the new key only (fingerprint_members); is_digested: one of them covers the key, so the
 * digest of the whole is unknown until its row is read. A customer that was never sent under the new key (a
 * refused twin) loses it, and is not seen any more. Between begin and commit. 0, or -1. */
struct ledger_rekey {
    struct slice from, to;
    struct slice key_members;
    bool is_digested;
    uint64_t at_ns; /* real ns */
};
int ledger_rekey(struct ledger *ledger, const struct ledger_rekey *rekey, enum ledger_settlement *settlement,
                 struct error *error);

/* Nonce floors: the durable bound below which nonces of a key may have been used. 0: none yet. */
int ledger_nonce_floor(struct ledger *ledger, const char *key_id, uint64_t *floor, struct error *error);
/* Between begin and commit; never lowers it. */
int ledger_nonce_reserve(struct ledger *ledger, const char *key_id, uint64_t floor, struct error *error);

/* The same for every API key, also one that is not known yet. */
int ledger_nonce_reserve_all(struct ledger *ledger, uint64_t floor, struct error *error);

/* The rest of the canary with these settings (their digest in hex), as stored by ledger_canary_set;
 * UINT32_MAX when nothing is stored, or for other settings. 0, or -1. */
int ledger_canary_left(struct ledger *ledger, const char *settings, uint32_t *left, struct error *error);
/* Between begin and commit. */
int ledger_canary_set(struct ledger *ledger, const char *settings, uint32_t left, struct error *error);

enum { LEDGER_HEAD_SIZE = 65, LEDGER_TIME_SIZE = 32 };

/* Of this machine's clock: the last run that compared it with the provider's (0: none), and its largest lead
 * in any run. 0, or -1. */
int ledger_clock(struct ledger *ledger, int64_t *run, uint64_t *lead_ns, struct error *error);
/* Stores that this run has compared it. Between begin and commit. 0, or -1. */
int ledger_clock_set(struct ledger *ledger, uint64_t lead_ns, struct error *error);
/* The time of the last event when the ledger was opened; real ns, 0: none. */
uint64_t ledger_newest_ns(const struct ledger *ledger);

/* Runs. command: `run`. Between begin and commit. A ledger without customers becomes this job's
 * (ledger_is_rebound). */
int ledger_run_start(struct ledger *ledger, const char *command, const char *version, const char *job_digest,
                     uint64_t at_ns, struct error *error);
/* inputs and counts: JSON texts. Again, when the status has changed since: the row has the last one, and the
 * chain an event of each. Between begin and commit. */
int ledger_run_finish(struct ledger *ledger, int status, struct slice inputs, struct slice counts,
                      uint64_t at_ns, struct error *error);

/* The last process that sent requests for this job, so that the next one can honour the rate limit. */
struct ledger_sending {
    bool under_way;                /* it has not recorded its end */
    char boot[CLOCK_BOOT_ID_SIZE]; /* of the boot that boot_ns counts from; "": not known */
    uint64_t boot_ns, real_ns;     /* its end, or its start while under way, by both clocks */
    uint64_t hold_ns;              /* the rest of a Retry-After at that time */
    uint32_t burst;                /* the largest of those that may be in the present window; 0: not known */
};
/* Between begin and commit. 0, or -1. */
int ledger_sending_set(struct ledger *ledger, const struct ledger_sending *sending, struct error *error);
/* 1; 0: nothing was ever sent; -1. An unreadable value counts as under way. */
int ledger_sending(struct ledger *ledger, struct ledger_sending *sending, struct error *error);

/* The chain's head: SHA-256 in hex over all committed events (64 zeros before the first). */
void ledger_chain_head(const struct ledger *ledger, char head[LEDGER_HEAD_SIZE]);
/* 1 when some event's chain (or the beginning) is this head, 0 when none is, -1 error. */
int ledger_has_head(struct ledger *ledger, const char *head, struct error *error);

/* A point in the history of a ledger, which an older copy does not have. */
struct ledger_mark {
    char head[LEDGER_HEAD_SIZE];    /* of the committed events; "": every ledger has it */
    int64_t run;                    /* the run that this process started; 0: none */
    char started[LEDGER_TIME_SIZE]; /* of that run, RFC 3339 */
};

void ledger_mark(const struct ledger *ledger, struct ledger_mark *mark);
/* 1 when the ledger has both the head and the run, 0 when it lacks one, -1 error. */
int ledger_holds(struct ledger *ledger, const struct ledger_mark *mark, struct error *error);

/* 0, or -1 with ERROR_LEDGER when some customer, run, nonce or setting lacks a value that it must have (a
 * NULL where none belongs). One pass over the customers. */
int ledger_check_complete(struct ledger *ledger, struct error *error);

/* For `status`: customers by (state, operation, http_status, code), largest group first. */
struct ledger_group {
    const char *state, *operation, *code;
    int http_status;
    uint64_t count;
    uint64_t open; /* of them, those that ledger_each_in_doubt gives */
};
int ledger_each_group(struct ledger *ledger, void (*each)(void *context, const struct ledger_group *group),
                      void *context, struct error *error);
/* For `status`: the customers in doubt (journalled without an outcome included), in id order, at most max.
 */
int ledger_each_in_doubt(struct ledger *ledger, uint64_t max,
                         void (*each)(void *context, const struct ledger_customer *customer), void *context,
                         struct error *error);

/* Every customer in full, in id order. One snapshot of the ledger, also while a run writes to it; constant
 * memory. each returns false to end it. 0, or -1. */
int ledger_each_customer(struct ledger *ledger,
                         bool (*each)(void *context, const struct ledger_customer *customer), void *context,
                         struct error *error);
/* For `results`: the same with the row of each one's last event that has one (0: none). A database is waited
 * for without limit, since it sorts all events first: not for a command that must end. */
int ledger_each_result(struct ledger *ledger,
                       bool (*each)(void *context, const struct ledger_customer *customer, uint64_t row),
                       void *context, struct error *error);

/* The last run, for `status`; 1 found, 0 none, -1 error. Slices are in the arena. */
int ledger_last_run(struct ledger *ledger, struct arena *arena, struct ledger_run *run, struct error *error);
/* The same of the last run of this command, of those with an id below before (INT64_MAX: of all), that ended
 * with status 0 or 1. */
int ledger_last_complete_run(struct ledger *ledger, const char *command, int64_t before, struct arena *arena,
                             struct ledger_run *run, struct error *error);

#endif
