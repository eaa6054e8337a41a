/* sender_internal: the state of the sender, shared by its two sources.
 *
 * sender.c receives orders, starts requests and waits; sender_completions.c ends attempts and applies what a
 * reply means for more than its own delivery: the limiter, the breaker, the key's login, and whether the
 * sender must stop. Thread: the sender's, unless the struct states another. Owner: sender.c.
 */
#ifndef KYC_DELIVERY_SENDER_INTERNAL_H
#define KYC_DELIVERY_SENDER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "delivery/attempt.h"
#include "delivery/breaker.h"
#include "delivery/endpoint.h"
#include "delivery/key_slots.h"
#include "delivery/latency.h"
#include "delivery/retry.h"
#include "delivery/send_gate.h"
#include "delivery/sender.h"
#include "delivery/sender_queue.h"
#include "delivery/sender_share.h"

#define SENDER_NO_CLOCK INT64_MIN

enum { SENDER_HOLD_STEPS = 8 }; /* more than there are in enum sender_hold */

/* What sender_share.c exchanges with the thread that renews the share of an account. */
struct sender_share {
    bool is_used;                   /* constant: the job shares its account */
    int event;                      /* constant */
    _Atomic uint64_t until_boot_ns; /* of the gate */
    pthread_mutex_t mutex;
    /* under the mutex: for the sender's thread */
    bool has_count, slows;
    uint32_t count;
    uint64_t hold_until_ns; /* monotonic */
    bool has_failed;
    char failure[OUTCOME_MESSAGE_SIZE];
    /* under the mutex: from the sender's thread */
    uint32_t using_count;
    uint64_t received_hold_until_ns; /* monotonic */
    bool was_throttled, is_busy;
    struct sender_share_key {
        bool is_new, is_idle;
        struct sender_key_lease lease;
    } * keys; /* one for each key slot */
    /* the thread that renews */
    bool has_throttles, reported_throttled;
    uint64_t throttles;
};

struct sender {
    /* constant */
    const struct job *job;
    const struct provider *provider;
    void (*done)(void *context, struct delivery *delivery);
    void *context;
    struct endpoint endpoint;
    struct attempt **attempts;
    size_t attempt_count;
    CURLM *multi;
    int timer; /* a timerfd */
    /* any thread */
    struct sender_queue queue;
    struct sender_share share;
    _Atomic int64_t provider_clock; /* of sender_provider_clock; SENDER_NO_CLOCK: not known */
    _Atomic uint64_t hold; /* of sender_held_by: until_ns in steps of SENDER_HOLD_STEPS, and the hold */
    _Atomic uint32_t published_in_flight;                                       /* of sender_in_flight */
    _Atomic uint64_t latency_counts[LATENCY_HISTOGRAM_BUCKETS], latency_sum_ns; /* of sender_latencies */
    /* the sender's thread */
    struct send_gate gate; /* its requests: any thread */
    struct breaker breaker;
    struct retry_random random;
    char last_failure[OUTCOME_MESSAGE_SIZE]; /* the last that the breaker counted */
    struct key_slots key_slots;
    struct fifo waiting;
    struct attempt *idle;
    bool aborted, finished;
    uint64_t carried_over_ns;   /* until when the requests of an earlier process hold the first one back */
    uint64_t inherited_hold_ns; /* when an earlier process's Retry-After ends (monotonic); 0: none */
    uint32_t bad_nonces;
    uint64_t excessive_wait_ns; /* a Retry-After longer than delivery.retry_for; 0: none came */
    uint32_t in_flight, max_in_flight;
    uint64_t timer_ns;               /* what the timer is set to; UINT64_MAX: off */
    uint64_t busy_ns, busy_since_ns; /* busy_since_ns: 0 without work */
    struct latency latency;
};

/* Ends the attempts that libcurl has finished. */
void sender_complete_finished(struct sender *sender);
/* Ends everything in flight, now: in doubt, or not sent. */
void sender_drop_in_flight(struct sender *sender);
/* sender_share.c: before sender_run; 0, or -1 with errno. */
int sender_share_init(struct sender *sender);
void sender_share_clear(struct sender *sender);
/* On the sender's thread, before it launches anything: applies what it was told, and publishes what it uses.
 */
void sender_share_exchange(struct sender *sender);
/* A Retry-After (wait_ns; 0: none) or a 429 has been received, by the sender's thread. */
void sender_share_note(struct sender *sender, bool is_throttled, uint64_t wait_ns);
/* True while another job has all of what this one needs: of the rate, or of the keys. */
bool sender_share_waits(const struct sender *sender);

/* Completes a delivery that was not sent. */
void sender_complete_unsent(struct sender *sender, struct delivery *delivery, enum outcome_kind kind,
                            const char *code, const char *message);

#endif
