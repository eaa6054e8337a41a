/* ledger_verification: how far the verification of each user has come, as the provider reports it.
 *
 * A change of state, word or reason is an event `verification` and is proven with the customer's row. When
 * the provider was last asked (the reading) is not proven: it would be an event for every user and night. A
 * customer that gets another user, or none, begins as unknown and never read. Acknowledged creates and
 * updates write the verification of their answers themselves (ledger_result). Thread: the ledger's.
 */
#ifndef KYC_LEDGER_LEDGER_VERIFICATION_H
#define KYC_LEDGER_LEDGER_VERIFICATION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "ledger/ledger_row.h"
#include "model/verification.h"

struct ledger;

/* What the provider reports of a customer's user. A user that it does not have any more is unknown, with the
 * word LEDGER_DELETED. */
struct ledger_verification {
    int64_t id; /* a customer with a user */
    enum verification state;
    struct slice word, reason; /* the provider's; reason: masked; empty: none */
    uint64_t at_ns;            /* real ns */
};

/* Stores the time of reading, and the rest with an event where any of it differs from what the row has:
 * *changed then. Between begin and commit. 0, or -1. */
int ledger_verification(struct ledger *ledger, const struct ledger_verification *verification, bool *changed,
                        struct error *error);

/* *at_ns: when the provider was last asked about the customer's user; real ns, 0: never. 0, or -1. */
int ledger_reading(struct ledger *ledger, int64_t id, uint64_t *at_ns, struct error *error);

/* Readings later than now_ns count as never: the clock was set back since, and they would be the newest for
 * as long as it was. Between begin and commit. 0, or -1. */
int ledger_forget_readings(struct ledger *ledger, uint64_t now_ns, struct error *error);

/* Which users. */
struct ledger_selection {
    int64_t after;           /* only customers with a larger id */
    unsigned states;         /* bits 1 << enum verification */
    bool with_deleted;       /* also those that the provider does not have any more */
    uint64_t read_before_ns; /* last read before this time, or never; UINT64_MAX: whenever */
};

/* The selected customer with the smallest id, and when its user was last read: 1, 0 there is none, -1. One
 * short pass over the customers in between. Slices are in the arena, and end in a NUL. */
int ledger_next_reading(struct ledger *ledger, const struct ledger_selection *selection, struct arena *arena,
                        struct ledger_customer *customer, uint64_t *read_at_ns, struct error *error);

/* Of the customers that have a user. */
struct ledger_verification_counts {
    uint64_t users;
    uint64_t states[VERIFICATION_COUNT]; /* without deleted: users is the sum of both */
    uint64_t deleted;
    uint64_t never_read;                                      /* of users */
    uint64_t linked;                                          /* of users: those for which a link was made */
    uint64_t changed[VERIFICATION_COUNT], changed_to_deleted; /* verification_at is since_ns or later */
};

/* *is_known: the provider was asked about some user, or one of the last 1,000 customers has a state (of the
 * answer that created it). Takes the same time whatever the ledger holds. 0, or -1. */
int ledger_verification_is_known(struct ledger *ledger, bool *is_known, struct error *error);

/* since_ns: real ns; UINT64_MAX: nothing has changed since. One pass over the customers. 0, or -1. */
int ledger_count_verification(struct ledger *ledger, uint64_t since_ns,
                              struct ledger_verification_counts *counts, struct error *error);

#endif
