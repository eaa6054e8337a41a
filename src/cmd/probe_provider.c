#include "cmd/probe_provider.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base_url.h"
#include "core/clock.h"
#include "delivery/key_lock.h"
#include "delivery/throughput_estimate.h"
#include "dispatch/session.h"
#include "model/rate_share.h"

/* No provider has this user: the nil UUID (RFC 9562, 5.9), whose form and length are valid everywhere. */
#define NIL_USER_ID "00000000-0000-0000-0000-000000000000"

#define CLOCK_WARN_NS   (5 * CLOCK_NS_PER_S)
#define CLOCK_NOT_OK_NS (60 * CLOCK_NS_PER_S)

enum { HTTP_NOT_FOUND = 404, SHARE_POLL_NS = 20000000 };
/* Beyond what a probe alone in its account waits; and at most, of a rate with a long window. */
enum { SHARE_WAIT_MORE_S = 11, SHARE_WAIT_MAX_S = 120 };

/* The keys up to the first one that is not accepted, and the last reply. */
struct key_check {
    struct delivery delivery;
    size_t accepted_count;
    bool is_accepted;
};

static void ignore(void *context, struct delivery *delivery)
{
    (void)context, (void)delivery;
}

static void note_end(void *context, struct delivery *delivery)
{
    atomic_bool *has_ended = context;

    (void)delivery;
    atomic_store(has_ended, true);
}

/* The first job of an account waits for a lease and a window, and so does the probe of the next key. */
static unsigned share_wait_s(const struct job *job, const struct provider *provider)
{
    const struct rate_share_limit limit = rate_share_limit(provider_rate(provider, job));
    uint64_t wait_s = (limit.ttl_ns + limit.window_ns) / CLOCK_NS_PER_S + SHARE_WAIT_MORE_S;

    return wait_s < SHARE_WAIT_MAX_S ? (unsigned)wait_s : SHARE_WAIT_MAX_S;
}

/* Other jobs of the account may have the key, or all of the rate, until they end: no probe waits so long. */
static void limit_wait(struct session *session, unsigned seconds, const atomic_bool *has_ended)
{
    const struct timespec pause = {.tv_nsec = SHARE_POLL_NS};
    uint64_t until_ns = clock_mono_ns() + seconds * CLOCK_NS_PER_S;

    while (!atomic_load(has_ended) && clock_mono_ns() < until_ns)
        nanosleep(&pause, NULL);
    sender_withdraw(session_sender(session));
}

static int fail_shared(const struct job *job, const struct provider *provider, struct error *error)
{
    return error_set(
        error, ERROR_BUSY,
        "no request was possible within %u s: other jobs that share the account `%s` have, or may have, %s, or were asked to wait (Retry-After)\nhint: probe again when they have ended; a run waits for them",
        share_wait_s(job, provider), job->delivery.shared,
        provider->is_signed ? "the API key, or all of its rate" : "all of its rate");
}

/* Sends one request with one key. 0, or -1: it could not be made. */
static int send_request(const struct job *job, const struct provider *provider, struct ledger *ledger,
                        struct delivery *delivery, struct error *error)
{
    atomic_bool has_ended = false;
    const struct session_parts parts = {.job = job,
                                        .provider = provider,
                                        .ledger = ledger,
                                        .is_probe = true,
                                        .done = note_end,
                                        .context = &has_ended};
    struct session *session = session_open(&parts, error);

    if (!session)
        return -1;
    *delivery = (struct delivery){.call = {.operation = OPERATION_FETCH, .user_id = NIL_USER_ID}};
    sender_submit(session_sender(session), delivery);
    if (job->delivery.shared)
        limit_wait(session, share_wait_s(job, provider), &has_ended);
    session_finish(session);
    session_close(session);
    return delivery->outcome.kind == OUTCOME_WITHDRAWN ? fail_shared(job, provider, error) : 0;
}

/* As for a run, all keys must be different, and no other process may hold one. */
static int check_locks(const struct job *job, const struct provider *provider, struct error *error)
{
    struct sender *sender = sender_new(job, provider, ignore, NULL, error);
    sender_free(sender);
    return sender ? 0 : -1;
}

/* Retry-After holds for all keys: no further one is tried. */
static bool must_wait(const struct key_check *check)
{
    return check->delivery.outcome.retry_after_ns > 0;
}

static int check_keys(const struct job *job, const struct provider *provider, struct ledger *ledger,
                      struct key_check *check, struct error *error)
{
    *check = (struct key_check){.is_accepted = true};
    if (check_locks(job, provider, error) != 0)
        return -1;
    for (size_t i = 0; i < job->provider.credential_count && check->is_accepted && !must_wait(check); i++) {
        struct job one = *job;
        const struct outcome *outcome = &check->delivery.outcome;
        one.provider.credentials = &job->provider.credentials[i];
        one.provider.credential_count = 1;
        if (send_request(&one, provider, ledger, &check->delivery, error) != 0)
            return -1;
        check->is_accepted =
            outcome->kind == OUTCOME_REFUSED && outcome->http_status == HTTP_NOT_FOUND && outcome->own_error;
        check->accepted_count += check->is_accepted;
    }
    return 0;
}

static void report_keys(struct probe_lines *lines, const struct job *job)
{
    struct error error;
    const char *folder = key_lock_folder(job, &error);

    if (job->delivery.shared)
        probe_lines_add(
            lines, "keys", PROBE_OK,
            "no process but jobs that share the account `%s` uses one of them; their locks are in %s",
            job->delivery.shared, folder);
    else
        probe_lines_add(lines, "keys", PROBE_OK, "no other process uses one of them; their locks are in %s",
                        folder);
}

static void report_endpoint(struct probe_lines *lines, const struct key_check *check, struct slice url)
{
    const struct outcome *outcome = &check->delivery.outcome;
    double latency_ms = (double)check->delivery.latency_ns / (double)CLOCK_NS_PER_MS;

    if (outcome->http_status >= 300 && outcome->http_status < 400)
        probe_lines_add(lines, "endpoint", PROBE_NOT_OK, "%.*s: %s", (int)url.len, url.data,
                        outcome->message);
    else if (outcome->http_status && latency_ms > 0)
        probe_lines_add(lines, "endpoint", PROBE_OK, "%.*s answers in %.3g ms", (int)url.len, url.data,
                        latency_ms);
    else if (outcome->http_status || strcmp(outcome->code, "tls") == 0)
        probe_lines_add(lines, "endpoint", PROBE_OK, "%.*s can be reached", (int)url.len, url.data);
    else
        probe_lines_add(lines, "endpoint", PROBE_NOT_OK,
                        "%.*s: %s\nhint: check provider.base_url, the network and provider.proxy",
                        (int)url.len, url.data, outcome->message);
}

static void report_tls(struct probe_lines *lines, const struct key_check *check, bool is_http)
{
    const struct outcome *outcome = &check->delivery.outcome;

    if (is_http)
        probe_lines_add(lines, "tls", PROBE_OK, "not used: the base URL is on this machine");
    else if (outcome->http_status)
        probe_lines_add(lines, "tls", PROBE_OK, "the certificate was verified, TLS 1.2 or newer");
    else if (strcmp(outcome->code, "tls") == 0)
        probe_lines_add(
            lines, "tls", PROBE_NOT_OK,
            "%s\nhint: if the certificate is issued by an authority of your own, set provider.ca_file to its certificate",
            outcome->message);
    else
        probe_lines_add(lines, "tls", PROBE_SKIPPED, "unknown: there was no connection");
}

/* A Date header has whole seconds, and was written about half of the latency before the reply arrived. */
static void report_clock(struct probe_lines *lines, const struct delivery *delivery)
{
    uint64_t theirs = delivery->date_ns + CLOCK_NS_PER_S / 2;
    uint64_t ours = delivery->done_real_ns - delivery->latency_ns / 2;
    uint64_t apart = theirs > ours ? theirs - ours : ours - theirs;

    if (!delivery->date_ns) {
        probe_lines_add(lines, "clock", PROBE_SKIPPED, "unknown: no answer had a Date header");
        return;
    }
    double seconds = (double)apart / (double)CLOCK_NS_PER_S;
    const char *side = theirs > ours ? "behind" : "ahead of";
    if (apart <= CLOCK_WARN_NS)
        probe_lines_add(lines, "clock", PROBE_OK, "within %.0f s of the provider's", seconds + 0.5);
    else
        probe_lines_add(lines, "clock", apart > CLOCK_NOT_OK_NS ? PROBE_NOT_OK : PROBE_WARNING,
                        "%.0f s %s the provider's\nhint: set this machine's clock; nonces are made from it",
                        seconds, side);
}

static const char *describe_answer(const struct outcome *outcome)
{
    return outcome->message[0] ? outcome->message : "the answer is empty";
}

static void report_request(struct probe_lines *lines, const struct key_check *check, const struct job *job)
{
    const struct outcome *outcome = &check->delivery.outcome;
    const char *name = "request";
    char which[64] = "";

    if (job->provider.credential_count > 1)
        snprintf(which, sizeof which, "key %zu of %zu: ", check->accepted_count + !check->is_accepted,
                 job->provider.credential_count);
    if (must_wait(check) &&
        !(check->is_accepted && check->accepted_count == job->provider.credential_count)) {
        probe_lines_add(lines, name, PROBE_NOT_OK,
                        "%sHTTP %d: %s. Retry-After: %" PRIu64 " s\nhint: wait that long, then probe again",
                        which, outcome->http_status,
                        check->is_accepted ? "the credentials were accepted" : describe_answer(outcome),
                        (outcome->retry_after_ns + CLOCK_NS_PER_S - 1) / CLOCK_NS_PER_S);
        return;
    }
    if (check->is_accepted) {
        probe_lines_add(
            lines, name, PROBE_OK,
            "a GET of a user that does not exist was answered with HTTP %d by the provider: the credentials were accepted",
            outcome->http_status);
        return;
    }
    if (!outcome->http_status)
        probe_lines_add(lines, name, PROBE_SKIPPED, "%sunknown: there was no answer", which);
    else if (outcome->kind == OUTCOME_BAD_NONCE)
        probe_lines_add(
            lines, name, PROBE_NOT_OK,
            "%sHTTP %d: %s. Another tool used this key with higher nonces\nhint: raise provider.nonce_floor above them, or make a new key",
            which, outcome->http_status, describe_answer(outcome));
    else if (outcome->kind == OUTCOME_THROTTLED || outcome->kind == OUTCOME_NOT_SENT)
        probe_lines_add(lines, name, PROBE_NOT_OK, "%sHTTP %d: %s\nhint: probe again later", which,
                        outcome->http_status, describe_answer(outcome));
    else if (outcome->kind == OUTCOME_STOP)
        probe_lines_add(lines, name, PROBE_NOT_OK, "%s%s", which, describe_answer(outcome));
    else if (outcome->http_status == HTTP_NOT_FOUND)
        probe_lines_add(
            lines, name, PROBE_NOT_OK,
            "%sHTTP 404 to a GET of a user that is not there, but not in the provider's own words: "
            "%s. A proxy or gateway may have answered, so whether the credentials are good is not known. Check provider.base_url and provider.proxy",
            which, describe_answer(outcome));
    else
        probe_lines_add(
            lines, name, PROBE_NOT_OK,
            "%sHTTP %d instead of 404 to a GET of a user that does not exist: %s\nhint: check provider.credentials and provider.base_url",
            which, outcome->http_status, describe_answer(outcome));
}

static void report_throughput(struct probe_lines *lines, const struct job *job,
                              const struct provider *provider, const struct delivery *delivery)
{
    double latency_ms = (double)delivery->latency_ns / (double)CLOCK_NS_PER_MS;
    char text[THROUGHPUT_ESTIMATE_TEXT_SIZE];

    throughput_estimate_describe(job, provider, latency_ms > 0 ? latency_ms : THROUGHPUT_ESTIMATE_LATENCY_MS,
                                 text);
    probe_lines_add(lines, "pace", PROBE_OK, "%s", text);
}

void probe_provider_ask(struct probe_lines *lines, const struct job *job, const struct provider *provider,
                        struct ledger *ledger)
{
    struct slice url = provider_base_url(provider, job);
    struct base_url parts;
    struct key_check check;
    struct error error;

    if (check_keys(job, provider, ledger, &check, &error) != 0) {
        probe_lines_add(lines, "keys", PROBE_NOT_OK, "%s", error.text);
        probe_provider_skip(lines, job, provider, "the keys cannot be used now");
        return;
    }
    report_keys(lines, job);
    report_endpoint(lines, &check, url);
    (void)base_url_parse(url, &parts); /* a job with another URL is not run */
    report_tls(lines, &check, parts.is_http);
    report_clock(lines, &check.delivery);
    report_request(lines, &check, job);
    report_throughput(lines, job, provider, &check.delivery);
}

void probe_provider_skip(struct probe_lines *lines, const struct job *job, const struct provider *provider,
                         const char *why)
{
    static const char *const names[] = {"endpoint", "tls", "clock", "request"};
    const struct delivery none = {.latency_ns = 0};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        probe_lines_add(lines, names[i], PROBE_SKIPPED, "not requested: %s", why);
    report_throughput(lines, job, provider, &none);
}
