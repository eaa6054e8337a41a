/* guard: stops a run before the provider's refusals become damage.
 *
 * Three rules over the provider's final answers to creates and updates, in their order:
 * the canary (the first requests of a new ledger, or since the provider's settings changed, go one at a time,
 * and none of them may be refused), so many refusals in a row, and a share of refusals. Refusals
 * by our own rules, and updates that the provider does not accept for this user, count neither way. The
 * refusals that stopped the run are not final: the next run sends them again.
 *
 * A plain state machine. Thread: the coordinator's. Owner: init/clear.
 */
#ifndef KYC_DISPATCH_GUARD_H
#define KYC_DISPATCH_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"
#include "model/job.h"
#include "provider/provider.h"

enum {
    GUARD_SETTINGS_SIZE = 2 * DIGEST_SHA256_LEN + 1,
};

/* A digest, in hex, of all settings of the provider but its credentials, by the table that reads them
 * (job_provider_write): the canary starts again when they change. Returns hex. */
char *guard_settings(const struct job *job, const struct provider *provider, char hex[GUARD_SETTINGS_SIZE]);

#endif
