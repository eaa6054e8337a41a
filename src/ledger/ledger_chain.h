/* ledger_chain: the seals of rows and the chain of events, which together prove the ledger.
 *
 * Canonical bytes of values: each as a length in four bytes (big endian) and so many bytes. NULL is the
 * length 0xffffffff and nothing; a number is eight bytes, big endian, two's complement; texts and blobs are
 * their bytes.
 *
 * Seal of a customer's row: the first 16 bytes of HMAC-SHA256(ledger key, "row" NUL canonical bytes of all
 * its columns). Of a run's row: the same with "run", without chain_head; of a task's: with "task".
 *
 * Chain after an event: SHA-256(chain before it ‖ canonical bytes of its fixed columns, id to seal ‖ B),
 * where B is HMAC-SHA256(ledger key, "body" NUL canonical bytes of user_id, digest, code, request_id). Before
 * the first event the chain is 32 zero bytes. Where an erasure has removed the body, the column body_digest
 * is B. The chain is computed for each event and stored in the last one of each commit, so it does not depend
 * on where commits end: a copy in another database has the same head.
 *
 * So a kept head proves every event up to it, the last event of a customer proves its row, that of a run
 * (events of customer 0) the run's, and that of a task (events of the operations link and document) the
 * task's. The tables nonce, meta, reading and backup are outside, and writer of PostgreSQL. Without the
 * ledger's key nobody can make a seal. Thread: one at a time per sealer.
 */
#ifndef KYC_LEDGER_LEDGER_CHAIN_H
#define KYC_LEDGER_LEDGER_CHAIN_H

#include <stdint.h>

#include "core/digest.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger_row.h"

/* The end of the chain: of all events written, or of the committed ones. */
struct ledger_chain {
    uint8_t head[DIGEST_SHA256_LEN];
    int64_t last_event; /* id; 0: none */
};

enum {
    LEDGER_KEY_CHECK_SIZE = 17,
    LEDGER_ERASED_KEY_SIZE = sizeof "erased:" + 2 * DIGEST_SHA256_LEN,
};

struct ledger_sealer;

struct ledger_sealer *ledger_sealer_new(const uint8_t key[FINGERPRINT_KEY_LEN]);
void ledger_sealer_free(struct ledger_sealer *sealer);

/* table: ledger_customer_table, ledger_run_table or ledger_task_table. */
void ledger_sealer_seal(struct ledger_sealer *sealer, const struct ledger_table *table,
                        const struct ledger_value *values, uint8_t out[LEDGER_SEAL_LEN]);
/* B of an event, from its body's columns. */
void ledger_sealer_body(struct ledger_sealer *sealer, const struct ledger_value *event,
                        uint8_t out[DIGEST_SHA256_LEN]);
/* Advances chain by an event. */
void ledger_sealer_add(struct ledger_sealer *sealer, const struct ledger_value *event,
                       struct ledger_chain *chain);
/* Distinguishes keys without revealing anything about them: 16 hexadecimal digits and a NUL. */
char *ledger_sealer_check(struct ledger_sealer *sealer, char out[LEDGER_KEY_CHECK_SIZE]);
/* `erased:` and HMAC-SHA256(ledger key, "customer" NUL external_id) in hexadecimal: what an erased customer
 * has in place of its key. */
char *ledger_sealer_erased_key(struct ledger_sealer *sealer, struct slice external_id,
                               char out[LEDGER_ERASED_KEY_SIZE]);

#endif
