/* guard: stops a run before the provider's refusals become damage (3-providers.md, Stopping before damage).
 *
 * Three rules over what the provider finally answered to creates and updates, in the order of the answers:
 * the canary (the first requests of a new ledger, or since the provider's settings changed, go one at a time,
 * and none of them may be refused), so many refusals in a row, and a share of refusals. What our own rules
 * refuse, and an update that the provider does not take of this user, counts neither way. The refusals that
 * tripped it are not final: the next run sends them again.
 *
 * A plain state machine. Thread: the coordinator's. Owner: init/clear.
 */
#ifndef KYC_PIPELINE_GUARD_H
#define KYC_PIPELINE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"
#include "model/job.h"
#include "provider/provider.h"

enum {
    GUARD_SHARE_MIN = 100, /* answers before the share of refused ones means anything */
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
    uint32_t canary;   /* requests that have still to succeed alone; 0: the crowd may go */
    uint64_t answers;  /* final ones: done or refused */
    uint32_t in_a_row; /* refused since the last that was done */
    int64_t *refused;  /* the customers, in the order of the answers; owned */
    size_t refused_count, refused_capacity;
    enum guard_trip trip; /* the first; it stays */
};

/* canary: the requests that go alone first; 0: none. */
void guard_init(struct guard *guard, const struct job_delivery *limits, uint32_t canary);
void guard_clear(struct guard *guard);

/* True while requests go one at a time. */
bool guard_is_canary(const struct guard *guard);

/* The provider did what was asked. */
void guard_add_done(struct guard *guard);
/* The provider refused. What trips it; once tripped, always the same. */
enum guard_trip guard_add_refused(struct guard *guard, int64_t customer);

/* The customers whose refusals tripped it, in the order of the answers, *count of them; valid until the next
 * call. Of the canary: the one; in a row: these; of a share: all of this run. */
const int64_t *guard_not_final(const struct guard *guard, size_t *count);

/* What the canary was of, in hex: a digest of all settings of the provider but its credentials, by
 * the table that reads them (job_provider_write). Returns hex.
 */
char *guard_settings(const struct job *job, const struct provider *provider, char hex[GUARD_SETTINGS_SIZE]);

#endif
