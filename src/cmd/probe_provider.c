#include "cmd/probe_provider.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "delivery/sender.h"
#include "delivery/throughput_estimate.h"
#include "pipeline/floors.h"

/* A user that no provider has: the nil UUID (RFC 9562, 5.9), which is of a form and length that all take. */
#define NOBODY "00000000-0000-0000-0000-000000000000"

#define CLOCK_WARN_NS   (5 * CLOCK_NS_PER_S)
#define CLOCK_NOT_OK_NS (60 * CLOCK_NS_PER_S)
#define NONCES_AHEAD_NS (60 * CLOCK_NS_PER_S)

enum { HTTP_NOT_FOUND = 404 };

/* What the first key that was not taken, or else the last one, got. */
struct asked {
    struct delivery delivery;
    size_t keys; /* that were taken */
    bool is_taken;
};

static void ignore(void *context, struct delivery *delivery)
{
    (void)context, (void)delivery;
}

/* Without a ledger there are no floors yet: the clock, as a first run does. */
static int start_nonces(struct sender *sender, const struct job *job, struct ledger *ledger,
                        struct floors *floors, struct error *error)
{
    if (ledger)
        return floors_start(floors, sender, ledger, job->provider.nonce_floor, error);
    for (size_t i = 0; i < sender_key_slot_count(sender); i++) {
        uint64_t now = clock_real_ns(), by_hand = job->provider.nonce_floor;
        uint64_t start = (now > by_hand ? now : by_hand) + 1;
        sender_key_slot_start(sender, i, start);
        sender_key_slot_extend(sender, i, start + NONCES_AHEAD_NS);
    }
    return 0;
}

/* One key's request. 0, or -1: it could not be made. */
static int ask_with(const struct job *job, const struct provider *provider, struct ledger *ledger,
                    struct delivery *delivery, struct error *error)
{
    struct floors floors = {0};
    struct sender *sender = sender_new(job, provider, ignore, NULL, error);

    if (!sender)
        return -1;
    int result = start_nonces(sender, job, ledger, &floors, error);
    if (result == 0) {
        *delivery = (struct delivery){.call = {.operation = OPERATION_FETCH, .user_id = NOBODY}};
        sender_submit(sender, delivery);
        sender_finish(sender);
        sender_run(sender);
    }
    sender_free(sender);
    floors_clear(&floors);
    return result;
}

/* All keys have to be free and different first, as for a run. */
static int check_keys(const struct job *job, const struct provider *provider, struct error *error)
{
    struct sender *sender = sender_new(job, provider, ignore, NULL, error);
    sender_free(sender);
    return sender ? 0 : -1;
}

/* The provider wants to be left alone, whatever it answered: no further key is tried. */
static bool asks_to_wait(const struct asked *asked)
{
    return asked->delivery.outcome.retry_after_ns > 0;
}

static int ask_all(const struct job *job, const struct provider *provider, struct ledger *ledger,
                   struct asked *asked, struct error *error)
{
    *asked = (struct asked){.is_taken = true};
    if (check_keys(job, provider, error) != 0)
        return -1;
    for (size_t i = 0; i < job->provider.credential_count && asked->is_taken && !asks_to_wait(asked); i++) {
        struct job one = *job;
        const struct outcome *outcome = &asked->delivery.outcome;
        one.provider.credentials = &job->provider.credentials[i];
        one.provider.credential_count = 1;
        if (ask_with(&one, provider, ledger, &asked->delivery, error) != 0)
            return -1;
        asked->is_taken =
            outcome->kind == OUTCOME_REFUSED && outcome->http_status == HTTP_NOT_FOUND && outcome->own_error;
        asked->keys += asked->is_taken;
    }
    return 0;
}

static void tell_endpoint(struct probe_lines *lines, const struct asked *asked, struct slice url)
{
    const struct outcome *outcome = &asked->delivery.outcome;
    double latency_ms = (double)asked->delivery.latency_ns / (double)CLOCK_NS_PER_MS;

    if (outcome->http_status >= 300 && outcome->http_status < 400)
        probe_lines_add(lines, "endpoint", PROBE_NOT_OK, "%.*s: %s", (int)url.len, url.data,
                        outcome->message);
    else if (outcome->http_status && latency_ms > 0)
        probe_lines_add(lines, "endpoint", PROBE_OK, "%.*s answers, in %.3g ms", (int)url.len, url.data,
                        latency_ms);
    else if (outcome->http_status || strcmp(outcome->code, "tls") == 0)
        probe_lines_add(lines, "endpoint", PROBE_OK, "%.*s is there", (int)url.len, url.data);
    else
        probe_lines_add(lines, "endpoint", PROBE_NOT_OK,
                        "%.*s: %s. Check provider.base_url, the network and provider.proxy", (int)url.len,
                        url.data, outcome->message);
}

static void tell_tls(struct probe_lines *lines, const struct asked *asked, struct slice url)
{
    const struct outcome *outcome = &asked->delivery.outcome;

    if (url.len >= 7 && strncmp(url.data, "http://", 7) == 0)
        probe_lines_add(lines, "tls", PROBE_OK, "not needed: the base URL is on this machine");
    else if (outcome->http_status)
        probe_lines_add(lines, "tls", PROBE_OK, "the certificate was verified, TLS 1.2 or newer");
    else if (strcmp(outcome->code, "tls") == 0)
        probe_lines_add(lines, "tls", PROBE_NOT_OK,
                        "%s. If the provider's authority is one of your own, name it in provider.ca_file",
                        outcome->message);
    else
        probe_lines_add(lines, "tls", PROBE_SKIPPED, "not known: there was no connection");
}

/* A Date has whole seconds, and was written about half of the latency before the answer was here. */
static void tell_clock(struct probe_lines *lines, const struct delivery *delivery)
{
    uint64_t theirs = delivery->date_ns + CLOCK_NS_PER_S / 2;
    uint64_t ours = delivery->done_real_ns - delivery->latency_ns / 2;
    uint64_t apart = theirs > ours ? theirs - ours : ours - theirs;

    if (!delivery->date_ns) {
        probe_lines_add(lines, "clock", PROBE_SKIPPED, "not known: no answer told the provider's time");
        return;
    }
    double seconds = (double)apart / (double)CLOCK_NS_PER_S;
    const char *side = theirs > ours ? "behind" : "ahead of";
    if (apart <= CLOCK_WARN_NS)
        probe_lines_add(lines, "clock", PROBE_OK, "within %.0f s of the provider's", seconds + 0.5);
    else
        probe_lines_add(lines, "clock", apart > CLOCK_NOT_OK_NS ? PROBE_NOT_OK : PROBE_WARNING,
                        "%.0f s %s the provider's: set this machine's clock (nonces come from it)", seconds,
                        side);
}

static void tell_request(struct probe_lines *lines, const struct asked *asked, const struct job *job)
{
    const struct outcome *outcome = &asked->delivery.outcome;
    const char *name = "request";
    char which[64] = "";

    if (job->provider.credential_count > 1)
        snprintf(which, sizeof which, "key %zu of %zu: ", asked->keys + !asked->is_taken,
                 job->provider.credential_count);
    if (asks_to_wait(asked) && !(asked->is_taken && asked->keys == job->provider.credential_count)) {
        probe_lines_add(lines, name, PROBE_NOT_OK,
                        "%sHTTP %d: %s. The provider asks to wait %" PRIu64 " s: probe again after that",
                        which, outcome->http_status,
                        asked->is_taken ? "the credentials were accepted" : outcome->message,
                        (outcome->retry_after_ns + CLOCK_NS_PER_S - 1) / CLOCK_NS_PER_S);
        return;
    }
    if (asked->is_taken) {
        probe_lines_add(
            lines, name, PROBE_OK,
            "a GET of a user that is not there was answered with HTTP %d by the provider: the credentials were accepted",
            outcome->http_status);
        return;
    }
    if (!outcome->http_status)
        probe_lines_add(lines, name, PROBE_SKIPPED, "%snot known: there was no answer", which);
    else if (outcome->kind == OUTCOME_BAD_NONCE)
        probe_lines_add(
            lines, name, PROBE_NOT_OK,
            "%sHTTP %d: %s. Another tool used this key with higher nonces: raise provider.nonce_floor above them, or make a new key",
            which, outcome->http_status, outcome->message);
    else if (outcome->kind == OUTCOME_THROTTLED || outcome->kind == OUTCOME_NOT_SENT)
        probe_lines_add(lines, name, PROBE_NOT_OK, "%sHTTP %d: %s. Probe again a little later", which,
                        outcome->http_status, outcome->message);
    else if (outcome->kind == OUTCOME_STOP)
        probe_lines_add(lines, name, PROBE_NOT_OK, "%s%s", which, outcome->message);
    else if (outcome->http_status == HTTP_NOT_FOUND)
        probe_lines_add(
            lines, name, PROBE_NOT_OK,
            "%sHTTP 404 to a GET of a user that is not there, but not in the provider's own words: "
            "%s. A proxy or gateway may have answered, so whether the credentials are good is not known. Check provider.base_url and provider.proxy",
            which, outcome->message[0] ? outcome->message : "the answer is empty");
    else
        probe_lines_add(
            lines, name, PROBE_NOT_OK,
            "%sHTTP %d to a GET of a user that is not there, in place of 404: %s. Check provider.credentials and provider.base_url",
            which, outcome->http_status, outcome->message);
}

static void tell_pace(struct probe_lines *lines, const struct job *job, const struct provider *provider,
                      const struct delivery *delivery)
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
    struct asked asked;
    struct error error;

    if (ask_all(job, provider, ledger, &asked, &error) != 0) {
        probe_lines_add(lines, "keys", PROBE_NOT_OK, "%s", error.text);
        probe_provider_skip(lines, job, provider, "the keys cannot be used now");
        return;
    }
    probe_lines_add(lines, "keys", PROBE_OK, "no other run uses one");
    tell_endpoint(lines, &asked, url);
    tell_tls(lines, &asked, url);
    tell_clock(lines, &asked.delivery);
    tell_request(lines, &asked, job);
    tell_pace(lines, job, provider, &asked.delivery);
}

void probe_provider_skip(struct probe_lines *lines, const struct job *job, const struct provider *provider,
                         const char *why)
{
    static const char *const names[] = {"endpoint", "tls", "clock", "request"};
    const struct delivery none = {.latency_ns = 0};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        probe_lines_add(lines, names[i], PROBE_SKIPPED, "not asked: %s", why);
    tell_pace(lines, job, provider, &none);
}
