#include "delivery/throughput_estimate.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>

#include "core/clock.h"
#include "delivery/key_slots.h"

enum { MS_PER_S = 1000 };

/* As the job file writes it. */
static void write_rate(struct job_rate rate, char text[THROUGHPUT_ESTIMATE_RATE_SIZE])
{
    const char *unit = rate.per_ns == CLOCK_NS_PER_S        ? "/s"
                       : rate.per_ns == 60 * CLOCK_NS_PER_S ? "/min"
                                                            : "/h";
    snprintf(text, THROUGHPUT_ESTIMATE_RATE_SIZE, "%u%s", rate.count, unit);
}

/* Three digits, but never as a power of ten. */
static void write_number(double number, char text[THROUGHPUT_ESTIMATE_RATE_SIZE])
{
    snprintf(text, THROUGHPUT_ESTIMATE_RATE_SIZE, number < 999.5 ? "%.3g" : "%.0f", number);
}

static double requests_per_s(struct job_rate rate)
{
    return (double)rate.count * (double)CLOCK_NS_PER_S / (double)rate.per_ns;
}

bool throughput_estimate_describe(const struct job *job, const struct provider *provider, double latency_ms,
                                  char text[THROUGHPUT_ESTIMATE_TEXT_SIZE])
{
    assert(latency_ms > 0);
    uint32_t each, in_flight = key_slots_in_flight(job, provider, &each);
    size_t keys = job->provider.credential_count;
    struct job_rate rate = provider_rate(provider, job);
    double allowed = requests_per_s(rate);
    double possible = in_flight * MS_PER_S / latency_ms;
    char rate_text[THROUGHPUT_ESTIMATE_RATE_SIZE], per_s[THROUGHPUT_ESTIMATE_RATE_SIZE],
        ms[THROUGHPUT_ESTIMATE_RATE_SIZE];

    write_rate(rate, rate_text);
    write_number(possible, per_s);
    write_number(latency_ms, ms);
    if (possible >= allowed) {
        snprintf(text, THROUGHPUT_ESTIMATE_TEXT_SIZE,
                 "limited by delivery.rate (%s); %u request%s in flight allow%s about %s/s at %s ms a reply",
                 rate_text, in_flight, in_flight == 1 ? "" : "s", in_flight == 1 ? "s" : "", per_s, ms);
        return true;
    }
    if (provider->is_signed && each == 1 && in_flight == keys) {
        int len = keys == 1
                      ? snprintf(text, THROUGHPUT_ESTIMATE_TEXT_SIZE, "one key, so one request in flight")
                      : snprintf(text, THROUGHPUT_ESTIMATE_TEXT_SIZE, "%zu keys, so %zu requests in flight",
                                 keys, keys);
        snprintf(text + len, THROUGHPUT_ESTIMATE_TEXT_SIZE - (size_t)len,
                 ": about %s/s at %s ms a reply\nhint: add keys or set provider.nonce_window", per_s, ms);
        return false;
    }
    snprintf(
        text, THROUGHPUT_ESTIMATE_TEXT_SIZE,
        "%u request%s in flight allow%s about %s/s at %s ms a reply, less than delivery.rate (%s)\nhint: raise delivery.in_flight",
        in_flight, in_flight == 1 ? "" : "s", in_flight == 1 ? "s" : "", per_s, ms, rate_text);
    return false;
}

struct throughput_estimate throughput_estimate_time(const struct job *job, const struct provider *provider,
                                                    uint64_t requests, double latency_ms)
{
    assert(latency_ms > 0);
    uint32_t each;
    struct job_rate rate = provider_rate(provider, job);
    struct throughput_estimate estimate = {.in_flight = key_slots_in_flight(job, provider, &each)};

    estimate.rate_s = (double)requests / requests_per_s(rate);
    estimate.in_flight_s = (double)requests * latency_ms / MS_PER_S / estimate.in_flight;
    write_rate(rate, estimate.rate);
    return estimate;
}
