/* ledger_verify: checks that the ledger was not changed since it was written.
 *
 * The stored chains prove the events, the last event of each customer, run and task proves its row (the seal:
 * ledger_chain.h), and the heads at the end of the runs and in the last report prove that no event is missing
 * at the end. What is not there cannot be hidden either: ids of customers, tasks and events have no gaps.
 *
 * Not proved: the tables nonce, meta, reading (when the provider was last asked about a user), backup, and
 * writer of PostgreSQL; where a commit ended (a chain set to NULL in an event that is not the last one is
 * lost without harm: the next stored chain covers the same events). A person with the ledger's key and its
 * whole history can write another one, which only a head that is kept elsewhere reveals (each report prints
 * it).
 *
 * Two threads read one state of the ledger, also while a run writes: the caller's walks the events, a second
 * one checks the file, its indexes and the customers' rows. Memory: 32 bytes a customer, 40 a task, and 48
 * for each customer or commit that does not verify. Thread: the ledger's.
 */
#ifndef KYC_LEDGER_LEDGER_VERIFY_H
#define KYC_LEDGER_LEDGER_VERIFY_H

#include "ledger/ledger.h"

enum ledger_finding_kind {
    LEDGER_FINDING_FILE,     /* the structure of the file, or an index that differs from its table */
    LEDGER_FINDING_EVENT,    /* a commit whose events do not have its chain */
    LEDGER_FINDING_MISSING,  /* events are missing */
    LEDGER_FINDING_RUN,      /* a run's row is missing, or is not the one that its last event sealed */
    LEDGER_FINDING_REPORT,   /* the chain does not have the last report's head */
    LEDGER_FINDING_GONE,     /* a customer's row is missing */
    LEDGER_FINDING_CUSTOMER, /* a row is not the one that the customer's last event sealed */
    LEDGER_FINDING_USER,     /* two customers have the same user */
    LEDGER_FINDING_TASK,     /* a task's row is missing, or is not the one that its last event sealed */
};

/* Valid during the call. */
struct ledger_finding {
    enum ledger_finding_kind kind;
    /* 0: not about one. event: the one that sealed a row, or is missing; of a commit, its first, and
     * last_event its last. */
    int64_t event, last_event, customer, run, task;
    struct slice external_id; /* of customer; empty: not known */
    struct slice text;        /* what is wrong; for people */
};

/* `file`, `event`, `missing`, `run`, `report`, `gone`, `customer`, `user`, `task`. */
const char *ledger_finding_word(enum ledger_finding_kind kind);

struct ledger_verified {
    uint64_t events, customers, runs, tasks;
    uint64_t erased; /* of customers */
    uint64_t findings;
};

/* report_head: 64 hex digits that the chain must have; "": none is known. each: called once for every
 * finding, from this thread. One changed commit is one finding, and so is one changed row. 0 (see
 * verified->findings), or -1: the ledger could not be read to its end. */
int ledger_verify(struct ledger *ledger, const char *report_head,
                  void (*each)(void *context, const struct ledger_finding *finding), void *context,
                  struct ledger_verified *verified, struct error *error);

#endif
