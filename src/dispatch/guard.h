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
    GUARD_SHARE_MIN = 100, /* answers before the share of refusals is meaningful */
    GUARD_SETTINGS_SIZE = 2 * DIGEST_SHA256_LEN + 1,
};

enum guard_trip {
    GUARD_NONE,
    GUARD_CANARY,   /* one of the first requests was refused */
    GUARD_IN_A_ROW, /* delivery.stop_after.refused_in_a_row */
    GUARD_SHARE,    /* delivery.stop_after.refused_share */
};

struct guard {
    /* constant */
    uint32_t in_a_row_max, share_max; /* share: percent */
    /* state */
    uint32_t canary;   /* requests that must still succeed one at a time; 0: no canary */
    uint64_t answers;  /* final ones: done or refused */
    uint32_t in_a_row; /* refused since the last success */
    int64_t *refused;  /* the customers, in the order of the answers; owned */
    size_t refused_count, refused_capacity;
    enum guard_trip trip; /* the first; it stays */
};

/* canary: the first requests, sent one at a time; 0: none. */
void guard_init(struct guard *guard, const struct job_delivery *limits, uint32_t canary);
void guard_clear(struct guard *guard);

/* True while requests are sent one at a time. */
bool guard_is_canary(const struct guard *guard);

/* The provider executed a request. */
void guard_add_done(struct guard *guard);
/* The provider refused. Returns the rule that stops the run; once stopped, always the same. */
enum guard_trip guard_add_refused(struct guard *guard, int64_t customer);

/* The customers whose refusals stopped the run, in the order of the answers, *count of them; valid until the
 * next call. The canary: one; in a row: these; a share: all of this run. */
const int64_t *guard_not_final(const struct guard *guard, size_t *count);

/* A digest, in hex, of all settings of the provider but its credentials, by the table that reads them
 * (job_provider_write): the canary starts again when they change. Returns hex. */
char *guard_settings(const struct job *job, const struct provider *provider, char hex[GUARD_SETTINGS_SIZE]);

#endif
