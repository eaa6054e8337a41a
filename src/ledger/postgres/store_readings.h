/* store_readings: the users that store_next_reading gives next, read ahead: one question for 256 of them.
 *
 * The cache has the rows of this window that this process has written since, and the time of a reading is set
 * here. A customer between two of the window that may fit the selection only now empties it. Thread: one.
 * Owner: free.
 */
#ifndef KYC_LEDGER_POSTGRES_STORE_READINGS_H
#define KYC_LEDGER_POSTGRES_STORE_READINGS_H

#include "ledger/postgres/store_postgres.h"

enum { STORE_READINGS_MAX = 256 };

struct store_readings {
    struct ledger_selection selection; /* with the `after` of the question */
    PGresult *rows;                    /* in id order: {customer}, and the time of reading */
    uint64_t read_at_ns[STORE_READINGS_MAX];
    int next;
};

/* Takes rows in place of what *readings has; NULL: it could not be asked. */
void store_readings_set(struct store_readings **readings, const struct ledger_selection *selection,
                        PGresult *rows);
/* The next row behind selection->after; -1: the window does not have it. */
int store_readings_next(struct store_readings *readings, const struct ledger_selection *selection);
/* A customer's user was read at this time (0: never), or its row is written. NULL is allowed. */
void store_readings_note(struct store_readings *readings, int64_t customer, uint64_t at_ns);
void store_readings_touch(struct store_readings *readings, int64_t customer);
/* Nothing of it is right any more. NULL is allowed. */
void store_readings_clear(struct store_readings *readings);
void store_readings_free(struct store_readings *readings);

#endif
