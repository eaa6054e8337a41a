/* rate_share: the thread that renews a job's share of an account (delivery.shared), for its sender.
 *
 * Twice a second it reports what the sender uses and received, and passes on its share of the rate and its
 * keys (model/rate_share.h): at once when a share became smaller, or the sender received a 429 or a
 * Retry-After; five times a second while there is no share. A job that has had nothing to send for two
 * seconds gives back all that it has, and asks again when there is something. With a ledger in PostgreSQL the
 * shares are kept there (ledger/ledger_share.h), else on this machine (delivery/share_file.h). Without a key,
 * where keys are leased, it asks for no share of the rate.
 *
 * What cannot be renewed ends by itself: the sender's gate closes at the end of the lease. It is tried again,
 * with a warning once it has failed for a lease, and ends the run once it has for delivery.retry_for.
 *
 * Thread: the one that opens and closes it; it has its own. Owner: open/close.
 */
#ifndef KYC_DISPATCH_RATE_SHARE_H
#define KYC_DISPATCH_RATE_SHARE_H

#include "core/error.h"
#include "delivery/sender.h"
#include "model/job.h"
#include "provider/provider.h"

struct rate_share;

/* Before sender_run, after sender_key_slot_start of each key: asks once, then starts the thread. It waits for
 * no share: the sender does. Borrows job and sender. NULL with ERROR_USAGE when the file cannot be used, or
 * running jobs of the account have a rate with another window; with ERROR_BUSY when another process keeps the
 * file's lock, or the file has no place for another job; with ERROR_LEDGER when the database cannot be used.
 */
struct rate_share *rate_share_open(const struct job *job, const struct provider *provider,
                                   struct sender *sender, struct error *error);
/* After sender_run has returned: gives back share and keys. NULL is allowed. */
void rate_share_close(struct rate_share *share);

#endif
