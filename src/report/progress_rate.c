#include "report/progress_rate.h"

#include "core/clock.h"

enum {
    SHOWN_SAMPLES = 10,   /* of the rate that is shown */
    PLAIN_PER_S = 100000, /* records without a request, before any were measured */
    SENT_MIN = 5,         /* requests from which on their rate is measured */
    LEFT_AFTER_S = 5,     /* of work: before that the time left is not known */
    SMOOTHING_S = 10,
};

static const struct progress_sample *sample_before(const struct progress_rate *rate, unsigned age)
{
    return &rate->samples[(rate->next + PROGRESS_RATE_SAMPLES - 1 - age) % PROGRESS_RATE_SAMPLES];
}

void progress_rate_add(struct progress_rate *rate, uint64_t now_ns, uint64_t done, uint64_t sent,
                       bool is_active, bool has_requests)
{
    struct progress_sample *current = &rate->current;

    if (rate->last_ns && is_active) {
        current->ns += now_ns - rate->last_ns;
        current->done += done - rate->done;
        current->sent += sent - rate->sent;
        current->has_requests = current->has_requests || has_requests || sent > rate->sent;
        rate->active_ns += now_ns - rate->last_ns;
    }
    rate->last_ns = now_ns;
    rate->done = done;
    rate->sent = sent;
    if (current->ns < CLOCK_NS_PER_S)
        return;
    bool is_empty = current->done == 0 && !current->has_requests; /* it waited for the input */
    if (rate->is_warm && !is_empty) {
        rate->samples[rate->next] = *current;
        rate->next = (rate->next + 1) % PROGRESS_RATE_SAMPLES;
        rate->count += rate->count < PROGRESS_RATE_SAMPLES;
    }
    rate->is_warm = rate->is_warm || !is_empty;
    *current = (struct progress_sample){0};
}

double progress_rate_done(const struct progress_rate *rate)
{
    uint64_t ns = 0, done = 0;

    for (unsigned i = 0; i < rate->count && i < SHOWN_SAMPLES; i++) {
        if (sample_before(rate, i)->has_requests != sample_before(rate, 0)->has_requests)
            continue;
        ns += sample_before(rate, i)->ns;
        done += sample_before(rate, i)->done;
    }
    return ns ? (double)done * (double)CLOCK_NS_PER_S / (double)ns : -1;
}

/* Records a second in the samples with requests, or without; 0: there are none. */
static double measured(const struct progress_rate *rate, bool with_requests)
{
    uint64_t ns = 0, records = 0;

    for (unsigned i = 0; i < rate->count; i++) {
        const struct progress_sample *sample = sample_before(rate, i);
        if (sample->has_requests != with_requests)
            continue;
        ns += sample->ns;
        records += with_requests ? sample->sent : sample->done;
    }
    if (with_requests && records < SENT_MIN)
        return 0;
    return ns ? (double)records * (double)CLOCK_NS_PER_S / (double)ns : 0;
}

/* Below 0: not known. */
static double expected(const struct progress_rate *rate, double sends_left, double plain_left,
                       double limit_per_s)
{
    double sends_per_s = measured(rate, true), plain_per_s = measured(rate, false), seconds = 0;

    if (sends_per_s <= 0)
        sends_per_s = limit_per_s;
    if (plain_per_s <= 0)
        plain_per_s = PLAIN_PER_S;
    if (sends_left > 0 && sends_per_s <= 0)
        return -1;
    if (sends_left > 0)
        seconds += sends_left / sends_per_s;
    if (plain_left > 0)
        seconds += plain_left / plain_per_s;
    return seconds;
}

double progress_rate_left(struct progress_rate *rate, uint64_t now_ns, double sends_left, double plain_left,
                          double limit_per_s)
{
    double target = expected(rate, sends_left, plain_left, limit_per_s);

    if (target < 0 || rate->active_ns < LEFT_AFTER_S * CLOCK_NS_PER_S)
        return -1;
    if (!rate->left_at_ns) {
        rate->left_s = target;
    } else {
        double passed_s = (double)(now_ns - rate->left_at_ns) / (double)CLOCK_NS_PER_S;
        double weight = passed_s < SMOOTHING_S ? passed_s / SMOOTHING_S : 1;
        rate->left_s -= passed_s;
        rate->left_s += (target - rate->left_s) * weight;
    }
    if (rate->left_s < 0)
        rate->left_s = 0;
    rate->left_at_ns = now_ns;
    return rate->left_s;
}
