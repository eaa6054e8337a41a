/* ledger_verify: can this history be trusted? (4-ledger.md)
 *
 * The chain proves the events, the events prove the customers (ledger_replay.h), the heads with which the
 * runs ended and that of the last report prove that no event is missing at the end. What the chain cannot
 * prove: who has the ledger's key and the whole history may write another one; a head that is kept elsewhere
 * (each report prints it) shows that too. One moment of the ledger, also while a run writes to it; memory
 * does not grow with it (the events are sorted by customer in a temporary file). Thread: the ledger's.
 */
#ifndef KYC_LEDGER_LEDGER_VERIFY_H
#define KYC_LEDGER_LEDGER_VERIFY_H

#include "ledger/ledger.h"

enum ledger_finding_kind {
    LEDGER_FINDING_FILE,     /* SQLite's own check of its pages and indexes */
    LEDGER_FINDING_EVENT,    /* changed after it was written, or not of his */
    LEDGER_FINDING_MISSING,  /* events that are gone */
    LEDGER_FINDING_RUN,      /* a run that is gone, or whose head the chain does not hold */
    LEDGER_FINDING_REPORT,   /* the chain does not hold the last report's head */
    LEDGER_FINDING_GONE,     /* a customer who has events and no row */
    LEDGER_FINDING_CUSTOMER, /* his row says what his events do not */
    LEDGER_FINDING_USER,     /* a user that two customers have */
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
    uint64_t erased; /* of customers: their key is gone, the chain holds, and their row proves nothing */
    uint64_t findings;
};

/* report_head: 64 hex digits that the chain must hold; "": none is known. each: once for every finding. 0
 * (look at findings), or -1: the ledger could not be read to its end. */
int ledger_verify(struct ledger *ledger, const char *report_head,
                  void (*each)(void *context, const struct ledger_finding *finding), void *context,
                  struct ledger_verified *verified, struct error *error);

#endif
