/* ledger_share: the shares of an account (delivery.shared) for several hosts, in the database of a ledger.
 *
 * They are in a schema of their own, kyc_shared, which the first job that needs it creates; others need its
 * rights (USAGE, and all on its tables). Each call is one statement, a call of a function of the schema
 * (store_share_schema.c), which follows the rules of model/rate_share.h by the clock of the database alone:
 * so no job waits for another one that hangs. A connection of its own, which is made again when it was lost:
 * a renewal that is repeated does no harm. Thread: one. Owner: open/close.
 */
#ifndef KYC_LEDGER_LEDGER_SHARE_H
#define KYC_LEDGER_LEDGER_SHARE_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "ledger/ledger.h"
#include "model/rate_share.h"

struct ledger_share;

/* name: of the account. holder: of this process, RATE_SHARE_HOLDER_SIZE at most. place: of a URL; copied. The
 * rest is borrowed. Connects, within connect_timeout for each host, and creates what is missing. NULL with
 * ERROR_LEDGER. */
struct ledger_share *ledger_share_open(const struct ledger_place *place, const char *name, const char *holder,
                                       const struct rate_share_limit *limit, struct error *error);
void ledger_share_close(struct ledger_share *share);

/* As share_table_renew, _keys and _leave of delivery/share_table.h. -1 with ERROR_LEDGER; ledger_share_renew
 * gives 1 when running jobs have another window, *window_ns, and else 0. */
int ledger_share_renew(struct ledger_share *share, const struct rate_share_report *report,
                       struct rate_share_answer *answer, uint64_t *window_ns, struct error *error);
int ledger_share_keys(struct ledger_share *share, const char *const *keys, size_t key_count,
                      const struct key_share_report *held, size_t held_count,
                      struct key_share_answer *answers, size_t *answer_count, struct error *error);
int ledger_share_leave(struct ledger_share *share, const struct key_share_report *held, size_t held_count,
                       struct error *error);

#endif
