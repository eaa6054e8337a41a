/* ledger_internal: the handle of a ledger, shared by the sources of this folder only. */
#ifndef KYC_LEDGER_LEDGER_INTERNAL_H
#define KYC_LEDGER_LEDGER_INTERNAL_H

#include "core/arena.h"
#include "core/hash_table.h"
#include "ledger/ledger.h"
#include "ledger/ledger_chain.h"
#include "ledger/ledger_identities.h"
#include "ledger/ledger_store.h"

struct ledger {
    struct store *store;
    struct ledger_sealer *sealer;
    uint8_t key[FINGERPRINT_KEY_LEN];
    struct ledger_chain chain, committed;      /* of all events written, and of the committed ones */
    int64_t last_customer, committed_customer; /* likewise, the largest id */
    struct ledger_run run;                     /* id 0: none was started */
    struct arena run_arena;                    /* its texts */
    bool is_run_new;                           /* it was started in the open transaction */
    struct ledger_identity owner;              /* of ledger_open */
    struct arena owner_arena;                  /* its texts */
    bool is_made;                              /* of ledger_is_made */
    bool is_rebound;                           /* of ledger_is_rebound */
    uint64_t newest_ns;                        /* of ledger_newest_ns */
    struct arena arena;                        /* of one write */
    struct hash_table *erased;            /* hashes of the keys of erased customers; NULL: not read yet */
    uint64_t erased_count;                /* keys that were added to it */
    struct ledger_identities *identities; /* NULL: nobody has asked for a twin yet */
};

/* Writes the row after a change, and its event. before: as begun; is_new: it is not stored yet. row: of the
 * input, 0: none. 0, or -1. */
int ledger_write_change(struct ledger *ledger, const struct ledger_customer *before, bool is_new,
                        const struct ledger_change *change, uint64_t row, uint32_t latency_ms,
                        struct error *error);

/* Begins a write: empties the arena, and reads the customer into *customer. A missing one is an error
 * (damaged). 0, or -1. */
int ledger_write_begin(struct ledger *ledger, int64_t id, struct ledger_customer *customer,
                       struct error *error);
/* The same by key. 1 found, 0 not, and *customer is a new one with the next id; -1. */
int ledger_write_begin_by_key(struct ledger *ledger, struct slice external_id,
                              struct ledger_customer *customer, struct error *error);

/* Removes what identifies the customer from its tasks, with an event for each (ledger_task.c). Uses the
 * arena. 0, or -1. */
int ledger_erase_tasks(struct ledger *ledger, int64_t customer, uint64_t at_ns, struct error *error);

/* Writes whose ledger it is: ledger->owner. Between begin and commit. 0, or -1. */
int ledger_write_owner(struct ledger *ledger, struct error *error);

/* Opens a copy of the ledger (store_copy) to be read. NULL on error. */
struct ledger *ledger_open_copy(const struct ledger *ledger, const char *path, struct error *error);

/* The ledger of a store that is open to be written, and becomes the ledger's own; secret: the job's
 * ledger_key, NULL: none. NULL on error; then the store is closed. */
struct ledger *ledger_open_store(struct store *store, const uint8_t key[FINGERPRINT_KEY_LEN],
                                 const struct secret *secret, const struct ledger_identity *identity,
                                 struct error *error);

/* ledger_open with LEDGER_WRITE, also of a ledger that is marked as moved to this location. */
struct ledger *ledger_open_to_move(const struct ledger_place *place, const char *to,
                                   const struct ledger_identity *identity, struct error *error);

/* Of meta: when and where to the ledger was moved (ledger_move.h), `TIME LOCATION`; empty: it was not. */
#define LEDGER_MOVED_TO "moved_to"

/* Appends an event: gives it its id and advances the chain. 0, or -1. */
int ledger_write_event(struct ledger *ledger, struct ledger_event *event, struct error *error);

#endif
