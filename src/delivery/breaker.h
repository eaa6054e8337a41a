/* breaker: a circuit breaker: pauses sending while the provider does not answer.
 *
 * A plain state machine, handed the time (monotonic ns) and random bits. BREAKER_FAILURES attempts in a row
 * that failed in transport or with 5xx open it: only one probe at a time is sent, after a backoff that
 * doubles from 1 s to 60 s, spread over its upper half. Any reply closes it, to whatever request. When the
 * last probe, at the latest retry_for after it opened, has failed too, it has given up, and the run must
 * stop.
 *
 * Thread: one at a time.
 */
#ifndef KYC_DELIVERY_BREAKER_H
#define KYC_DELIVERY_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BREAKER_FAILURES = 10,
    BREAKER_SUBJECTS = 3, /* one or two records that always fail do not mean that the provider is down */
};

struct breaker {
    /* constant */
    uint64_t retry_for_ns;
    /* state */
    uint32_t failures;                   /* in a row */
    uint64_t subjects[BREAKER_SUBJECTS]; /* of these, each once */
    uint32_t subject_count;
    uint32_t probes; /* that failed since it opened */
    bool is_open;
    bool is_probing; /* one is in flight */
    bool has_given_up;
    uint64_t opened_ns, next_ns; /* open: since when, and when the next probe may leave */
    /* figures */
    uint64_t openings, paused_ns; /* paused_ns: without what is open now */
};

void breaker_init(struct breaker *breaker, uint64_t retry_for_ns);

/* When the next request may leave; 0: now; UINT64_MAX: not before a probe has come back. */
uint64_t breaker_next_ns(const struct breaker *breaker);

/* A request is started. Returns true when it is the probe; the caller keeps that with the request. */
bool breaker_admit(struct breaker *breaker);

/* A request was deferred before it left. */
void breaker_release(struct breaker *breaker, bool was_probe);

/* Before breaker_record: the subject of the request that failed, the ledger's customer; 0: it concerns
 * several (a listing, a login).
 */
void breaker_add_subject(struct breaker *breaker, uint64_t subject);

/* True when the failures in a row are those of BREAKER_SUBJECTS customers, or of a request that concerns
 * several: then a failed probe is not the fault of the record that it carried. */
bool breaker_blames_provider(const struct breaker *breaker);

/* The end of an attempt. answered: with any status but a 5xx. Returns true when that opened it, closed it or
 * made it give up: worth a message. */
bool breaker_record(struct breaker *breaker, bool answered, bool was_probe, uint64_t now_ns,
                    uint64_t random_bits);

/* How long it was open so far. */
uint64_t breaker_paused_ns(const struct breaker *breaker, uint64_t now_ns);

#endif
