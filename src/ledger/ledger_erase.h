/* ledger_erase: removes what identifies customers from the ledger, for good.
 *
 * Of a customer its row keeps id, runs and times. In place of its key is `erased:` and an HMAC of the key
 * under the ledger's key (ledger_chain.h), kept forever: so a row of an export with that key is recognized,
 * and never created again, while nobody without the ledger's key can test a guess of it. Bodies of its
 * events, and of events of others that name its user, are replaced by their HMACs, so that the chain still
 * proves the rest.
 *
 * ledger_erase writes rows; what was in them stays in the log and in free pages until ledger_compact.
 *
 * Thread: the ledger's.
 */
#ifndef KYC_LEDGER_LEDGER_ERASE_H
#define KYC_LEDGER_LEDGER_ERASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "ledger/ledger.h"
#include "ledger/ledger_chain.h"

enum ledger_erasure_result {
    LEDGER_ERASURE_DONE,    /* it is to be erased */
    LEDGER_ERASURE_BEFORE,  /* nothing written: it was erased before */
    LEDGER_ERASURE_UNKNOWN, /* nothing written: no customer has this key (ledger_erase_key) */
    LEDGER_ERASURE_OPEN,    /* nothing written: its create or update is in doubt */
    LEDGER_ERASURE_NAMED,   /* nothing written: the row of another customer, which stays, names it */
};

/* A customer to be erased; key is given, the rest is the result. Slices are in the arena. */
struct ledger_erasure {
    struct slice key;
    enum ledger_erasure_result result;
    int64_t id;              /* 0: none */
    struct slice former_key; /* before it is erased, as the next */
    struct slice user_id;
    struct slice named_by; /* NAMED: the key of that customer */
    bool is_twin;          /* NAMED: that customer was refused as its twin */
};

/* Fills in the items, and writes nothing. A customer is named by a refused twin, which the next run would
 * create if the ledger did not know this one any more, or by one that has its key as former key. If both are
 * among the items, neither is NAMED. One pass over the customers. 0, or -1. */
int ledger_find_erasures(struct ledger *ledger, struct ledger_erasure *items, size_t count,
                         struct arena *arena, struct error *error);
/* Erases each of the items that is to be (LEDGER_ERASURE_DONE), as found under the same lock; a former key
 * too (ledger_erase_key). One pass over the events. Between begin and commit. 0, or -1. */
int ledger_erase(struct ledger *ledger, struct ledger_erasure *items, size_t count, uint64_t at_ns,
                 struct error *error);
/* What is stored in place of a key. */
char *ledger_erased_key(struct ledger *ledger, struct slice external_id, char out[LEDGER_ERASED_KEY_SIZE]);
/* Stores a key as erased (as ledger_erased_key gives it) that no customer has. Without effect if it is stored
 * already. Between begin and commit. 0, or -1. */
int ledger_erase_key(struct ledger *ledger, struct slice erased_key, uint64_t at_ns, struct error *error);

/* Whether a customer with this key was erased. Fast in a ledger without any. 0, or -1. */
int ledger_is_erased(struct ledger *ledger, struct slice external_id, bool *is_erased, struct error *error);
/* Every erased key, in order; each is valid during the call. 0, or -1. */
int ledger_each_erased_key(struct ledger *ledger, void (*each)(void *context, struct slice erased_key),
                           void *context, struct error *error);

/* Writes the file anew, without a byte of what was erased, and empties its log; of a database the files of
 * its tables, but what the server keeps of the former ones (its write-ahead log, archives, standbys) is its
 * administrator's to remove. A copy that a killed restore has left beside the ledger is removed. Not between
 * begin and commit. 0, or -1: ERROR_BUSY when another program reads the ledger; ERROR_LEDGER, too, when the
 * account does not own the tables. */
int ledger_compact(struct ledger *ledger, struct error *error);

#endif
