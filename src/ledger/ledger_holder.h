/* ledger_holder: which process holds the lease of a ledger, for `status`.
 *
 * It looks and takes nothing: nobody is kept from the ledger meanwhile, and nothing is waited for. What it
 * finds may be over when it returns, so it is for people. Thread: the ledger's.
 */
#ifndef KYC_LEDGER_LEDGER_HOLDER_H
#define KYC_LEDGER_LEDGER_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "ledger/ledger.h"

enum { LEDGER_HOLDER_SIZE = 320 };

enum ledger_holder_state {
    LEDGER_HOLDER_UNKNOWN, /* the lock of a file cannot be read by this account */
    LEDGER_HOLDER_NONE,    /* no other process holds it */
    LEDGER_HOLDER_FOUND,
};

/* The members after state are those of LEDGER_HOLDER_FOUND. */
struct ledger_holder {
    enum ledger_holder_state state;
    char text[LEDGER_HOLDER_SIZE]; /* `HOST, process N, since TIME`; of a file, without the host */
    char since[LEDGER_TIME_SIZE];  /* when the process began, RFC 3339; "": not known */
    int64_t epoch;                 /* of its lease; 0: of a file */
    /* Since its last renewal or statement, when that is longer ago than a lease; else 0. */
    uint64_t silent_ns;
};

/* Of a process other than this one. 0, or -1 with ERROR_LEDGER: the database does not answer. */
int ledger_holder_find(struct ledger *ledger, struct ledger_holder *holder, struct error *error);

/* True when a run without an end is that of the holder. False: its process has ended. */
bool ledger_holder_has_run(const struct ledger_holder *holder, const struct ledger_run *run);

#endif
