/* ledger_verify_rows: the half of a verification that another thread does: the file and its indexes, and the
 * seals of the customers' rows as they are stored.
 *
 * Its texts are limited, because a damaged file has one for each of its pages. Thread: start and finish are
 * called by one thread; what they begin runs in another, or in finish where there is none. Owner:
 * start/clear.
 */
#ifndef KYC_LEDGER_LEDGER_VERIFY_ROWS_H
#define KYC_LEDGER_LEDGER_VERIFY_ROWS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "ledger/ledger_chain.h"
#include "ledger/ledger_store.h"

enum { LEDGER_VERIFY_TEXTS_MAX = 1000 };

struct ledger_seal {
    uint8_t bytes[LEDGER_SEAL_LEN]; /* zeros: none */
};

/* Rows with consecutive ids: as long as no row is missing there is one range, from id 1. */
struct ledger_verify_range {
    int64_t id;   /* of its first row */
    size_t begin; /* index of that row's seal */
};

/* To be read after finish. */
struct ledger_verify_rows {
    struct ledger_seal *seals; /* of each row, in id order */
    size_t count, capacity;
    struct ledger_verify_range *ranges;
    size_t range_count, range_capacity;
    int64_t last;
    uint64_t erased;
    char **texts; /* what store_check found */
    size_t text_count;
    uint64_t texts_lost; /* beyond LEDGER_VERIFY_TEXTS_MAX */

    struct store *view;
    struct ledger_sealer *sealer;
    pthread_t thread;
    bool is_started;
    int result;
    struct error error;
};

void ledger_verify_rows_start(struct ledger_verify_rows *rows, struct store *view,
                              const uint8_t key[FINGERPRINT_KEY_LEN]);
/* Waits for its end. 0, or -1: the ledger could not be read to its end. */
int ledger_verify_rows_finish(struct ledger_verify_rows *rows, struct error *error);
void ledger_verify_rows_clear(struct ledger_verify_rows *rows);

#endif
