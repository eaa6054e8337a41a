/* ledger_database: the server of a ledger that is in a database, for `probe`.
 *
 * Thread: any.
 */
#ifndef KYC_LEDGER_LEDGER_DATABASE_H
#define KYC_LEDGER_LEDGER_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "ledger/ledger.h"

enum { LEDGER_DATABASE_TEXT_SIZE = 48 };

struct ledger_database {
    char version[LEDGER_DATABASE_TEXT_SIZE]; /* `PostgreSQL 15.18` */
    char tls[LEDGER_DATABASE_TEXT_SIZE];     /* `TLSv1.3`; "": none */
    uint64_t trip_ns;                        /* the shortest of some round trips */
    bool is_pooled;            /* a pooler is in between that gives each transaction any session */
    bool has_no_fsync;         /* a crash of its machine may lose or damage the ledger */
    bool has_unsynced_standby; /* a failover may forget commits */
};

/* Of a place that ledger_is_remote: connects as a writer does, and takes no lease. 0, or -1 with
 * ERROR_LEDGER.
 */
int ledger_database_ask(const struct ledger_place *place, struct ledger_database *database,
                        struct error *error);

#endif
