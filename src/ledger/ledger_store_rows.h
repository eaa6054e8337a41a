/* ledger_store_rows: what every database does with rows that it has read, and with the lists of their
 * columns. Thread: any; pure.
 */
#ifndef KYC_LEDGER_LEDGER_STORE_ROWS_H
#define KYC_LEDGER_LEDGER_STORE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/slice.h"
#include "ledger/ledger.h"
#include "ledger/ledger_row.h"
#include "ledger/ledger_verification.h"

/* As store_fail_damaged, of the ledger at a location: fills error. Returns -1. */
int ledger_store_rows_fail_damaged(struct error *error, const char *location, const char *text);

/* What a brief lacks for its state, for people (`user_id`); NULL: nothing. has_state: the word of its state
 * is not empty. */
const char *ledger_store_rows_brief_lacks(const struct ledger_brief *brief, bool has_state);
/* Of a customer's digest, as a brief has it. */
uint64_t ledger_store_rows_digest_word(struct slice digest);

/* Appends the columns of a table between commas: each is format, with its name in the place of each `%`
 * (`%`, `% = v.%`). skip: bit i: column i is left out. */
void ledger_store_rows_columns(struct buffer *text, const struct ledger_table *table, const char *format,
                               uint64_t skip);

/* A customer with a user, as far as it is counted. */
struct ledger_store_rows_user {
    struct slice verification, word; /* columns verification and verification_word */
    uint64_t at_ns;                  /* verification_at; 0: NULL */
    bool is_linked, is_read;
};
/* Counts it: ledger_count_verification. */
void ledger_store_rows_count_verification(struct ledger_verification_counts *counts,
                                          const struct ledger_store_rows_user *user, uint64_t since_ns);

/* Customers and their users, count of each, sorted each by itself for ledger_store_rows_is_owned. */
void ledger_store_rows_sort_owners(int64_t *customers, struct slice *users, size_t count);
/* Whether an event is of one of them, by its customer or by its user (empty: none). */
bool ledger_store_rows_is_owned(const int64_t *customers, const struct slice *users, size_t count,
                                int64_t customer, struct slice user);
/* False of an event whose body was removed. */
bool ledger_store_rows_has_body(const struct ledger_value *event);

#endif
