/* sender: deliveries to the provider over libcurl's multi interface, under the limiter, each with one of the
 * job's keys.
 *
 * One thread owns the multi handle, the limiter, the key slots and their nonces, so none of them needs a
 * lock: it was measured at 36,000 requests a second, a thousand times any provider's limit. It cannot fail:
 * it reports what happened to each delivery. Decisions about a record are the coordinator's, which submits
 * each struct delivery; `done` is called exactly once for each.
 *
 * Where the provider has logins, the sender logs in by itself, before a key's first request and before its
 * token expires, under the limiter like any request. A login without a usable reply costs the first waiting
 * delivery an attempt (OUTCOME_NOT_SENT with its cause, OUTCOME_THROTTLED); a refused login ends the run: all
 * deliveries complete as OUTCOME_STOP.
 *
 * While the breaker is open one request at a time is sent, and the others wait here; once it has given up all
 * complete as OUTCOME_STOP. A Retry-After longer than delivery.retry_for, with any status and to any request,
 * a login too, does the same; a shorter one delays everything here.
 */
#ifndef KYC_DELIVERY_SENDER_H
#define KYC_DELIVERY_SENDER_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/fifo.h"
#include "delivery/response.h"
#include "model/job.h"
#include "model/latency_histogram.h"
#include "model/outcome.h"
#include "model/record.h"
#include "provider/provider.h"

/* One attempt: the coordinator's until submitted, the sender's until done is called, then the coordinator's
 * again. */
struct delivery {
    /* set before it is submitted */
    struct provider_call
        call; /* but for job and base_path, which are the sender's; what it points to is borrowed */
    /* Of a question (look-up, fetch, listing): receives the body of a 2xx bit by bit, on the sender's thread;
     * false: it cannot use it, and the question got no usable reply. NULL: at most 64 KiB are read, and
     * dropped. An attempt that is begun again calls it with an empty slice first. */
    bool (*sink)(void *context, struct slice bytes);
    void *sink_context;
    /* set to 0 before it is submitted first, then counted by the sender: under how many tokens of a login it
     * came back as OUTCOME_BAD_TOKEN */
    uint32_t bad_tokens;
    uint64_t subject; /* the customer's number in the ledger; 0: it concerns several (a listing, a login) */
    /* filled in by the sender */
    bool was_probe; /* the breaker's, not answered, and the provider's fault by breaker_blames_provider: no
                       attempt of the record's own */
    struct outcome outcome;
    bool sent;           /* a byte of it may have left */
    uint64_t latency_ns; /* from leaving to the whole reply */
    uint64_t date_ns;    /* the reply's Date; of what waited for a login, the login's; 0: none */
    uint64_t done_real_ns;
    struct response_list list; /* what the headers state about a list in it */
    struct fifo_link link;     /* the holder's */
};

/* A sink that keeps the body; buffer: a struct buffer of the caller. */
bool delivery_collect(void *buffer, struct slice bytes);

enum {
    SENDER_KEY_ID_SIZE = 33,
    SENDER_BAD_NONCES_MAX = 10, /* of a run: many of them get a key banned */
    SENDER_LIST_MAX_S = 3600,   /* the longest a listing may take; another reply: delivery.timeout */
};

struct sender;

/* Builds the sender: one key slot for each credential, with its locks acquired (key_slot.h; flock in
 * the system's lock folder, held until sender_free). done is called on the sender's thread and must not wait.
 * Borrows job and provider. NULL with ERROR_USAGE (a bad CA file, no file descriptor left) or ERROR_BUSY
 * (another run holds one of the credentials: the message gives its pid). */
struct sender *sender_new(const struct job *job, const struct provider *provider,
                          void (*done)(void *context, struct delivery *delivery), void *context,
                          struct error *error);
void sender_free(struct sender *sender);

/* Key slots, for reserving nonces (none when the provider does not sign). The key id is a digest of the API
 * key. */
size_t sender_key_slot_count(const struct sender *sender);
const char *sender_key_slot_id(const struct sender *sender, size_t key_slot);
/* Before sender_run: no nonce will be below start. */
void sender_key_slot_start(struct sender *sender, size_t key_slot, uint64_t start);
/* The latter's start. Before sender_run. */
uint64_t sender_key_slot_start_ns(const struct sender *sender, size_t key_slot);
/* No nonce will be above floor, which is durable; never lowered. Any thread. */
void sender_key_slot_extend(struct sender *sender, size_t key_slot, uint64_t floor);
/* The highest nonce used, 0: none. Any thread. */
uint64_t sender_key_slot_last_nonce(const struct sender *sender, size_t key_slot);

/* Before sender_run, after sender_set_lease: an earlier run of this job, with the burst former_burst, may
 * have sent until now, and may send until the lease begins; the rate holds over both. Returns how long the
 * first request waits for that, in ns. */
uint64_t sender_carry_over_rate(struct sender *sender, uint32_t former_burst);
/* Before sender_run: the provider asked an earlier process of this job to wait, and hold_ns of that are left.
 * Nothing leaves until then; while more than delivery.retry_for is left, all deliveries complete as
 * OUTCOME_STOP. */
void sender_hold(struct sender *sender, uint64_t hold_ns);
/* Before sender_run: nothing leaves before from_boot_ns (0: at once), nor from *until_boot_ns on, which other
 * threads may move on (NULL: for ever); both by clock_boot_ns. Until then deliveries wait; neither is a
 * reason to give up. */
void sender_set_lease(struct sender *sender, uint64_t from_boot_ns, const _Atomic uint64_t *until_boot_ns);
/* After sender_run has returned: how long a Retry-After still holds everything, in ns; 0: none. */
uint64_t sender_held_ns(const struct sender *sender);

/* The thread's body: returns once sender_finish was called and every delivery is complete. */
void sender_run(struct sender *sender);

/* Any thread. */
void sender_submit(struct sender *sender, struct delivery *delivery);
/* Completes all deliveries that have not begun as OUTCOME_WITHDRAWN, now and from now on; requests in flight
 * end by themselves. The sender does this itself at an outcome that stops the run and at the
 * SENDER_BAD_NONCES_MAX-th OUTCOME_BAD_NONCE. Any thread. */
void sender_withdraw(struct sender *sender);
/* Also drops the requests in flight: in doubt, or not sent. Any thread. */
void sender_abort(struct sender *sender);
/* No more will be submitted. Any thread. */
void sender_finish(struct sender *sender);

struct sender_figures {
    uint64_t requests; /* that left */
    uint32_t max_in_flight;
    double rate_per_s;       /* over the time in which there was work */
    uint64_t max_per_second; /* the maximum that left within any second */
    double p50_ms, p95_ms, p99_ms, max_ms;
    uint64_t pauses;   /* times that the breaker opened */
    uint64_t pause_ns; /* how long it was open, in all */
};

/* After sender_run has returned, or at any time from its thread. */
void sender_figures(const struct sender *sender, struct sender_figures *figures);
/* The library that sends, and what it was built with: `libcurl/7.88.1 OpenSSL/3.0.19 …`. Constant. Any
 * thread. */
const char *sender_library(void);
/* The provider's clock less clock_boot_ns, by the Date of its last reply (a login's too); in whole
 * seconds, and late by as long as the reply took. False: no reply had one. Any thread. */
bool sender_provider_clock(const struct sender *sender, int64_t *offset_ns);
/* Requests that left so far, for progress. Any thread. */
uint64_t sender_requests(const struct sender *sender);
/* The latencies of whole replies so far, a login's too. Any thread. */
void sender_latencies(const struct sender *sender, struct latency_histogram *latencies);

/* Requests in flight. Any thread. */
uint32_t sender_in_flight(const struct sender *sender);

/* Why nothing is sent, or less than the rate allows. */
enum sender_hold {
    SENDER_FREE,
    SENDER_SLOWED,      /* the rate is reduced, after HTTP 429 */
    SENDER_LOGIN,       /* a login is in flight, and deliveries wait for it */
    SENDER_CARRY_OVER,  /* sender_carry_over_rate */
    SENDER_RETRY_AFTER, /* of any reply, or of an earlier process */
    SENDER_PAUSED,      /* the breaker is open */
    SENDER_LEASE,       /* the right to send has not begun, or is over (sender_set_lease), or other jobs have
                           all of the account's (sender_share.h) */
};

/* What holds requests back at now_ns (monotonic), for progress. *until_ns: when it may end; 0: not known. Any
 * thread. */
enum sender_hold sender_held_by(const struct sender *sender, uint64_t now_ns, uint64_t *until_ns);

#endif
