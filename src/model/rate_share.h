/* rate_share: how several jobs use one account of a provider (delivery.shared): what each reports, and what
 * it is told.
 *
 * Tokens are not handed out, but shares: a job may let `count` requests leave in any window of the rate, by
 * its own clock, until its lease of that share ends. The shares of all jobs never add up to more than the
 * rate, so together they stay within it, whatever their clocks show. Where shares are kept
 * (ledger/ledger_share.h: a database; delivery/share_file.h: one machine) decides alone, by a clock that must
 * not step forward, when a share is free:
 *
 *   - a share whose lease has ended counts for one window and a margin more: a request of its last moment is
 *     no older;
 *   - so does the part of a share that a job reports as not used any more;
 *   - a larger share is given only out of what is free then;
 *   - what is kept there may be lost (a failover, a removed file): then nobody gets more than it uses, until
 *     every lease that may have been lost has ended.
 *
 * The keys of a provider that signs (nonces) are leased one by one, each with the floor of its nonces: two
 * jobs must not use one at once. Other credentials are used by all.
 */
#ifndef KYC_MODEL_RATE_SHARE_H
#define KYC_MODEL_RATE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/job.h"

enum {
    RATE_SHARE_HOLDER_SIZE = 48, /* the name of one job's process, drawn at its start */
    RATE_SHARE_KEY_SIZE = 33,    /* key_slot_identify */
    RATE_SHARE_TTL_MS = 3000,    /* a lease; renewed six times as often */
    RATE_SHARE_MARGIN_MS = 100,  /* more than the ways of two hosts to the provider differ */
    RATE_SHARE_KEY_MARGIN_MS = 1000,
    RATE_SHARE_WINDOW_MIN_S = 10,
    RATE_SHARE_COUNT_MIN = 16,
    RATE_SHARE_COUNT_MAX = 100000, /* a limiter (delivery/limiter.h) divides what is above once more */
};

/* The rate of all jobs together; times in whole milliseconds. */
struct rate_share_limit {
    uint32_t count;
    uint64_t window_ns, margin_ns, ttl_ns;
};

struct rate_share_report {
    uint32_t using_count; /* requests that this job may let leave in a window from now on */
    uint64_t hold_ns;     /* what is left of a Retry-After that it received; 0: none */
    bool is_throttled;    /* it received a 429 since its last report */
};

struct rate_share_answer {
    uint32_t count;     /* its share from now on */
    uint32_t total;     /* the rate that is shared: the lowest of the jobs' that run, or its own */
    uint64_t hold_ns;   /* what is left of a Retry-After that any of them received */
    uint64_t throttles; /* counts 429s that any of them received, at most one a second */
};

/* A key that this job holds. */
struct key_share_report {
    const char *key_id;
    uint64_t floor; /* no nonce up to it may be used by another */
};

struct key_share_answer {
    char key_id[RATE_SHARE_KEY_SIZE];
    uint64_t floor; /* every nonce must be above it, but for the holder's own */
    bool keep; /* false: it is wanted elsewhere; report it no more once no request with it is in flight */
};

/* The rate as shares of it are made: a long window by parts of at least RATE_SHARE_WINDOW_MIN_S with at least
 * RATE_SHARE_COUNT_MIN requests each, because a share that its job gives up is free a window later. Stricter,
 * never looser: 5,000/h is 20 every 14.4 s, 7/h stays as it is. A part has RATE_SHARE_COUNT_MAX requests at
 * most. The time is in whole milliseconds. */
struct job_rate rate_share_parts(struct job_rate rate);
struct rate_share_limit rate_share_limit(struct job_rate rate);

#endif
