/* progress_rate: how fast records are finished, and how long the rest will take.
 *
 * Seconds of the last minute in which work went on are kept as samples, but for the first one, which is like
 * no other; pauses (a Retry-After, an open breaker, a canary) are no time. A record that needs a request
 * takes as long as requests took in the samples with requests, or as delivery.rate says while there are none;
 * one that needs none (unchanged, rejected) as long as records took in the samples without. The time left
 * counts down by itself and moves towards its new value by a tenth of the difference a second, so that it
 * never jumps.
 *
 * A plain state machine that is passed the time. Thread: one. */
#ifndef KYC_REPORT_PROGRESS_RATE_H
#define KYC_REPORT_PROGRESS_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum { PROGRESS_RATE_SAMPLES = 60 };

struct progress_sample {
    uint64_t ns, done, sent;
    bool has_requests;
};

struct progress_rate {
    uint64_t last_ns, done, sent; /* of the last call; last_ns 0: there was none */
    uint64_t active_ns;           /* in all */
    bool is_warm;                 /* the first sample is over */
    struct progress_sample current;
    struct progress_sample samples[PROGRESS_RATE_SAMPLES]; /* ring */
    unsigned next, count;
    uint64_t left_at_ns; /* when left_s was computed; 0: never */
    double left_s;
};

/* The counts at now_ns. is_active: there was work since the last call. has_requests: some are open. */
void progress_rate_add(struct progress_rate *rate, uint64_t now_ns, uint64_t done, uint64_t sent,
                       bool is_active, bool has_requests);
/* Records finished a second, over those of the last 10 s of work in which requests were sent, or none was, as
 * in the last one; below 0: not known yet. */
double progress_rate_done(const struct progress_rate *rate);
/* Seconds that are left at now_ns, smoothed; below 0: not known yet. sends_left, plain_left: expected records
 * with and without a request. limit_per_s: 0: not known. */
double progress_rate_left(struct progress_rate *rate, uint64_t now_ns, double sends_left, double plain_left,
                          double limit_per_s);

#endif
