/* ledger_verify: checks that the ledger was not changed since it was written.
 *
 * The chain proves the events, the events prove the customers (ledger_replay.h), and the heads at the end of
 * the runs and in the last report prove that no event is missing at the end. Not proved: a person with the
 * ledger's key and its whole history can write another one, which only a head that is kept elsewhere reveals
 * (each report prints it). Reads one snapshot, also while a run writes; memory does not grow with the ledger
 * (the events are sorted by customer in a temporary file). Thread: the ledger's.
 */
#ifndef KYC_LEDGER_LEDGER_VERIFY_H
#define KYC_LEDGER_LEDGER_VERIFY_H

#include "ledger/ledger.h"

enum ledger_finding_kind {
    LEDGER_FINDING_FILE,     /* SQLite's own check of its pages and indexes */
    LEDGER_FINDING_EVENT,    /* changed after it was written, or of another customer */
    LEDGER_FINDING_MISSING,  /* events are missing */
    LEDGER_FINDING_RUN,      /* a run is missing, or the chain does not have its head */
    LEDGER_FINDING_REPORT,   /* the chain does not have the last report's head */
    LEDGER_FINDING_GONE,     /* a customer has events, but no row */
    LEDGER_FINDING_CUSTOMER, /* a row contradicts its events */
    LEDGER_FINDING_USER,     /* two customers have the same user */
};

/* Valid during the call. */
struct ledger_finding {
    enum ledger_finding_kind kind;
    int64_t event, customer, run; /* 0: not about one */
    struct slice external_id;     /* of customer; empty: not known */
    struct slice text;            /* what is wrong; for people */
};

/* `file`, `event`, `missing`, `run`, `report`, `gone`, `customer`, `user`. */
const char *ledger_finding_word(enum ledger_finding_kind kind);

struct ledger_verified {
    uint64_t events, customers, runs;
    uint64_t
        erased; /* of customers: without their key the chain still verifies, but their rows are not checked */
    uint64_t findings;
};

/* report_head: 64 hex digits that the chain must have; "": none is known. each: called once for every
 * finding. 0 (see verified->findings), or -1: the ledger could not be read to its end. */
int ledger_verify(struct ledger *ledger, const char *report_head,
                  void (*each)(void *context, const struct ledger_finding *finding), void *context,
                  struct ledger_verified *verified, struct error *error);

#endif
