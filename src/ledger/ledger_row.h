/* ledger_row: the rows of the ledger's four proven tables, and their columns.
 *
 * customer, event, run and task are proven by seals and the chain (ledger_chain.h). One list of columns for
 * each gives name, type, whether a value is required and the member of its struct: the schema, every
 * statement that reads or writes whole rows, a row's canonical bytes and the tests of `--verify` come from
 * it, so that no column can be left out of one of them. A database that holds ledgers is given values, never
 * these structs.
 *
 * In a struct an absent text or blob is empty and an absent number 0; in a column that does not require a
 * value that is NULL, and nothing else is. Thread: any.
 */
#ifndef KYC_LEDGER_LEDGER_ROW_H
#define KYC_LEDGER_LEDGER_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/slice.h"
#include "model/outcome.h"
#include "model/verification.h"

/* Of the create of a customer. The words are `journalled`, `in_doubt`, `created`, `refused`, `unsent`,
 * `erased`. */
enum ledger_state {
    LEDGER_JOURNALLED, /* its create was journalled and has no outcome yet: in doubt after a crash */
    LEDGER_IN_DOUBT,
    LEDGER_CREATED,
    LEDGER_REFUSED,
    LEDGER_UNSENT, /* nothing was sent, or it counts as if: given up, its refusal forgotten, a person found no
                      user. The next run sends it */
    LEDGER_ERASED, /* its data were removed (ledger_erase.h) */
};

const char *ledger_state_word(enum ledger_state state);
/* An unknown word was written by another program: it counts as in doubt, the state in which no create is sent
 * without a check. */
enum ledger_state ledger_state_from(struct slice word);

/* The codes of a customer whose user was adopted, and of one that is held. */
#define LEDGER_ADOPTED "adopted"
#define LEDGER_HELD    "adopt_unclear"

/* Words: NULL, `refused`, `stopped`, `allowed`. */
enum ledger_twin {
    LEDGER_TWIN_NONE,
    LEDGER_TWIN_REFUSED, /* as the twin of another customer */
    LEDGER_TWIN_STOPPED, /* likewise, by a run that stopped because of its twins: the next one counts it again
                          */
    LEDGER_TWIN_ALLOWED, /* a person decided that it is another person, or has no user */
};

/* A customer. What the provider has and what was last tried are two things: user_id, the digests and kept
 * change only when a request was acknowledged or a person decided; state is of the create alone. */
struct ledger_customer {
    int64_t id;               /* from 1, without gaps: no row is ever deleted */
    struct slice external_id; /* empty: another customer was given its key (ledger_rekey) */
    struct slice former_key;  /* the key that the provider has, where the customer was given another one */
    enum ledger_state state;
    struct slice user_id;
    struct slice digest, member_digests; /* of what the provider has; digest: empty: not known */
    struct slice email_digest;           /* of the same (fingerprint_email) */
    struct slice left_out; /* as member_digests: the values that the provider left out of the last update,
                              which are sent once more; LEDGER_MEMBER_UNKNOWN for every other member */
    struct slice kept;     /* JSON: an object of the members of provider.keep, by their names there */
    struct slice identity; /* fingerprint_identity */
    enum ledger_twin twin;
    int64_t verdict;          /* the event by which a person assigned its user; 0: an answer did */
    enum operation operation; /* the last one, create or update */
    struct slice pending_digest, pending_member_digests; /* what was last tried and is not acknowledged */
    struct slice pending_email_digest;
    struct slice idempotency_key;
    uint64_t first_sent_at; /* real ns of the journal entry of the open operation; 0: none is open, and
                               pending is what was refused */
    uint32_t refusals;      /* creates that the provider finally refused */
    uint32_t attempts;      /* of the last operation */
    int http_status;        /* of the last attempt, as the next three */
    struct slice code, message, request_id;
    int64_t first_run, updated_run; /* 0: none */
    uint64_t updated_at;            /* real ns */
    enum verification verification; /* of the user, as the provider reported it last; unknown is NULL */
    /* In the provider's own words, masked. LEDGER_DELETED: the provider has no such user any more. */
    struct slice verification_word, verification_reason;
    /* real ns of the last change of state or word, or to another reason; not when a reason is reported for
     * the first time, or no more: many answers have none. 0: nothing was reported. Where there is a link,
     * these two are in the order in which they came, whatever the clock was set to in between */
    uint64_t verification_at;
    uint64_t link_at; /* real ns of the user's last verification link; 0: none */
};

/* The verification_word of a user that the provider does not have any more; its verification is unknown. */
#define LEDGER_DELETED "deleted"

static inline bool ledger_customer_is_deleted(const struct ledger_customer *customer)
{
    return slice_is(customer->verification_word, LEDGER_DELETED);
}

/* An unknown word was written by another program: VERIFICATION_UNKNOWN, as an empty one. */
enum verification ledger_row_verification(struct slice word);

enum { LEDGER_SEAL_LEN = 16 };

/* What happened: an attempt that left, or a change without one. Append-only. */
struct ledger_event {
    int64_t id;       /* from 1, without gaps */
    int64_t run;      /* 0: none */
    int64_t customer; /* 0: the run itself */
    int64_t row;      /* of the input; 0: none. Of the run itself: the last customer's id at that time. Of the
                         operations link and document: the task */
    struct slice operation, outcome;
    uint64_t at;      /* real ns */
    uint32_t attempt; /* 0: nothing was sent */
    uint32_t latency_ms;
    int http_status;
    struct slice seal; /* of the row after it: the customer's, the run's, or the task's */
    /* The body, which an erasure removes. digest: of the journalled data. */
    struct slice user_id, digest, code, request_id;
    struct slice body_digest; /* of the body, once it was removed; else empty */
    struct slice chain;       /* stored in the last event of each commit, else empty */
};

struct ledger_run {
    int64_t id;                     /* from 1, without gaps */
    int64_t epoch;                  /* of the writer: greater than that of every earlier run */
    struct slice command;           /* `run`, `refresh`, `settle` (that is resolve), … */
    struct slice started, finished; /* RFC 3339; finished empty: it did not record its end */
    int status;                     /* -1: it did not record its end */
    struct slice version, job_digest, inputs, counts;
    struct slice chain_head; /* hexadecimal: the chain after the event of its end. Not in the row's seal */
};

/* What is sent for a user beside its create and its updates. Words: `link`, `document`, which are also the
 * operations of their events. */
enum ledger_task_kind { LEDGER_TASK_LINK, LEDGER_TASK_DOCUMENT };

/* Words: `journalled`, `in_doubt`, `done`, `refused`, `unsent`, `erased`. */
enum ledger_task_state {
    LEDGER_TASK_JOURNALLED, /* has no outcome yet: in doubt after a crash */
    LEDGER_TASK_IN_DOUBT,
    LEDGER_TASK_DONE,
    LEDGER_TASK_REFUSED,
    LEDGER_TASK_UNSENT, /* certainly not carried out, and given up */
    LEDGER_TASK_ERASED, /* with its customer */
};

const char *ledger_task_kind_word(enum ledger_task_kind kind);
const char *ledger_task_state_word(enum ledger_task_state state);

/* A link or a document of a customer; states and changes: ledger_task_apply.h. */
struct ledger_task {
    int64_t id; /* from 1, without gaps: no row is ever deleted */
    int64_t customer;
    enum ledger_task_kind kind;
    struct slice slot; /* which of the customer's tasks of this kind; the three have one task */
    enum ledger_task_state state;
    struct slice digest; /* of what was journalled last */
    struct slice idempotency_key;
    uint32_t attempts; /* of what was journalled last, as the next two */
    int http_status;
    struct slice code;
    uint64_t created_at; /* real ns of the journal entry; kept while the same is repeated */
    uint64_t updated_at; /* real ns */
};

/* A member of a row. */
enum ledger_type { LEDGER_NUMBER, LEDGER_TEXT, LEDGER_BLOB };

struct ledger_column {
    const char *name;
    enum ledger_type type;
    bool is_required;
    unsigned char member; /* how the struct holds it (ledger_row.c) */
    size_t offset;        /* in the struct */
};

struct ledger_table {
    const char *name; /* `customer`, `event`, `run`, `task` */
    const struct ledger_column *columns;
    size_t count;
};

enum {
    LEDGER_CUSTOMER_COLUMNS = 33,
    LEDGER_EVENT_COLUMNS = 17,
    LEDGER_EVENT_FIXED_COLUMNS = 11, /* the first ones, up to the seal; the next are the body */
    LEDGER_EVENT_BODY_COLUMNS = 4,
    LEDGER_RUN_COLUMNS = 11,
    LEDGER_RUN_SEALED_COLUMNS = 10, /* all but chain_head */
    LEDGER_TASK_COLUMNS = 12,
    LEDGER_COLUMNS_MAX = LEDGER_CUSTOMER_COLUMNS,
};

/* The first column of each is the id. */
extern const struct ledger_table ledger_customer_table, ledger_event_table, ledger_run_table,
    ledger_task_table;

/* A value as a database holds it. */
struct ledger_value {
    bool is_null;
    int64_t number;     /* of LEDGER_NUMBER */
    struct slice bytes; /* of the others */
};

/* values: one for each column of the table; they borrow from the row. */
void ledger_row_to_values(const struct ledger_table *table, const void *row, struct ledger_value *values);
/* A database of UTF-8 refuses a text with a NUL or a byte that is not UTF-8, and a run must not end by what
 * an answer holds: each such byte becomes U+FFFD, copied into the arena. Not in what a row is looked up by
 * (keys, users, slots), which is checked where it comes from. */
void ledger_row_clean(const struct ledger_table *table, struct ledger_value *values, struct arena *arena);
/* The same of one text, as of the path of a file: itself where it is such a text already. */
struct slice ledger_row_clean_text(struct slice text, struct arena *arena);
/* row: the table's struct; its slices are copied into the arena, or borrow from values where arena is NULL.
 * Returns the name of the first column that lacks the value that it requires, and row is not to be used;
 * NULL: none. */
const char *ledger_row_from_values(const struct ledger_table *table, const struct ledger_value *values,
                                   struct arena *arena, void *row);

/* What a customer's row lacks for its state, for people (`first_sent_at`); NULL: nothing. Such a row was
 * damaged or written by another program, and must not be used. */
const char *ledger_customer_lacks(const struct ledger_customer *customer);

/* True while an operation was journalled and is not resolved. */
static inline bool ledger_customer_is_open(const struct ledger_customer *customer)
{
    return customer->first_sent_at != 0;
}

/* True while its create was journalled and is not resolved. */
static inline bool ledger_customer_has_open_create(const struct ledger_customer *customer)
{
    return ledger_customer_is_open(customer) && customer->operation == OPERATION_CREATE;
}

static inline bool ledger_customer_is_refused_twin(const struct ledger_customer *customer)
{
    return customer->twin == LEDGER_TWIN_REFUSED || customer->twin == LEDGER_TWIN_STOPPED;
}

/* True while its create is refused because the provider may have its user (ledger_hold). */
bool ledger_customer_is_held(const struct ledger_customer *customer);

/* True while the task was journalled and has no result: it may have been carried out. */
static inline bool ledger_task_is_open(const struct ledger_task *task)
{
    return task->state == LEDGER_TASK_JOURNALLED || task->state == LEDGER_TASK_IN_DOUBT;
}

/* True if the provider has nothing of it: no request for it may have been executed, none was refused, and no
 * person decided about it. */
bool ledger_customer_is_untouched(const struct ledger_customer *customer);

#endif
