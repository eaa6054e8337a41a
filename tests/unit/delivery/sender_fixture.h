/* sender_fixture: a real sender for payward against a scripted server on loopback, and all that it gives
 * back.
 *
 * Header-only, so that a test is one source.
 */
#ifndef KYC_TESTS_SENDER_FIXTURE_H
#define KYC_TESTS_SENDER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/digest.h"
#include "core/memory.h"
#include "delivery/key_lock.h"
#include "delivery/sender.h"
#include "provider/provider.h"
#include "provider/provider_table.h"
#include "unit/delivery/script_server.h"
#include "unit/job_parts.h"

#define MS CLOCK_NS_PER_MS
#define S  CLOCK_NS_PER_S

#define JSON_REPLY(status, length, body)                                                                     \
    "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nContent-Length: " length "\r\n\r\n" body
#define CREATED JSON_REPLY("201 Created", "38", "{\"data\":{\"id\":\"fake-user-0000000001\"}}")

enum { FIXTURE_KEYS_MAX = 4, FIXTURE_DELIVERIES_MAX = 2048 };

struct fixture {
    struct script_server *server;
    struct provider provider;
    struct job job;
    struct job_credential items[FIXTURE_KEYS_MAX][JOB_PARTS_MAX];
    struct job_credentials credentials[FIXTURE_KEYS_MAX];
    struct job_setting_value settings[JOB_PARTS_MAX];
    char keys[FIXTURE_KEYS_MAX][64];
    char base_url[64];
    struct record record;
    struct value values[FIELD_COUNT];
    uint64_t nonce;                         /* the only one that the key slots may use; 0: any */
    uint64_t lease_wait_ns;                 /* until the right to send begins; 0: at once */
    const _Atomic uint64_t *lease_until_ns; /* the same */
    bool follows_another;                   /* sender_carry_over_rate, which returned: */
    uint64_t carry_over_ns;
    struct sender *sender;
    pthread_t thread;
    struct delivery *deliveries;
    size_t submitted;
    /* under the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct delivery *done[FIXTURE_DELIVERIES_MAX];
    uint64_t done_ns[FIXTURE_DELIVERIES_MAX]; /* clock_mono_ns */
    size_t done_count;
};

static inline void fixture_done(void *context, struct delivery *delivery)
{
    struct fixture *fixture = context;
    pthread_mutex_lock(&fixture->mutex);
    fixture->done_ns[fixture->done_count] = clock_mono_ns();
    fixture->done[fixture->done_count++] = delivery;
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->mutex);
}

static inline void fixture_fill_record(struct fixture *fixture)
{
    static const struct {
        enum field_id field;
        const char *text;
    } table[] = {
        {FIELD_EXTERNAL_ID, "C-1"},
        {FIELD_EMAIL, "ada@example.com"},
        {FIELD_PHONE, "+15550100123"},
        {FIELD_FIRST_NAME, "Ada"},
        {FIELD_LAST_NAME, "Example"},
        {FIELD_DATE_OF_BIRTH, "1990-02-03"},
        {FIELD_BIRTH_CITY, "Example City"},
        {FIELD_BIRTH_COUNTRY, "GB"},
        {FIELD_ADDRESS_LINE1, "1 Example St"},
        {FIELD_CITY, "Example City"},
        {FIELD_POSTAL_CODE, "EX1 1EX"},
        {FIELD_COUNTRY, "GB"},
        {FIELD_NATIONALITIES, "GB"},
        {FIELD_OCCUPATION, "science"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        fixture->values[table[i].field] = (struct value){slice_from(table[i].text), VALUE_PRESENT};
    fixture->record.values = fixture->values;
}

/* A job with `keys` keys of its own, 1,000 requests a second, 10 s of timeout. steps: of the server, or NULL.
 */
static inline struct fixture *fixture_new(const struct script_step *steps, size_t step_count, size_t keys)
{
    struct fixture *fixture = memory_new(1, sizeof *fixture);
    fixture->provider = *provider_find("payward");
    fixture->deliveries = memory_new(FIXTURE_DELIVERIES_MAX, sizeof *fixture->deliveries);
    pthread_mutex_init(&fixture->mutex, NULL);
    pthread_cond_init(&fixture->changed, NULL);
    fixture_fill_record(fixture);
    if (steps) {
        fixture->server = script_server_new(steps, step_count);
        snprintf(fixture->base_url, sizeof fixture->base_url, "http://127.0.0.1:%u/sandbox/payward",
                 fixture->server->port);
    }
    for (size_t i = 0; i < keys; i++) {
        uint64_t random; /* test runs side by side must not hold each other's locks */
        digest_random(&random, sizeof random);
        snprintf(fixture->keys[i], sizeof fixture->keys[i], "FAKE-%016llx", (unsigned long long)random);
        fixture->credentials[i] =
            job_parts_credentials(fixture->items[i], "api_key", fixture->keys[i], "api_secret",
                                  "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", (char *)NULL);
    }
    fixture->job.path = "test.yaml";
    fixture->job.provider.base_url = fixture->base_url;
    fixture->job.provider.credentials = fixture->credentials;
    fixture->job.provider.credential_count = keys;
    fixture->job.delivery.rate = (struct job_rate){1000, S};
    fixture->job.delivery.burst = 10;
    fixture->job.delivery.timeout_ns = 10 * S;
    fixture->job.delivery.retry_for_ns = 600 * S;
    return fixture;
}

static inline void *fixture_thread(void *context)
{
    sender_run(context);
    return NULL;
}

static inline void fixture_start(struct fixture *fixture)
{
    struct error error = {0};
    fixture->sender = sender_new(&fixture->job, &fixture->provider, fixture_done, fixture, &error);
    if (!fixture->sender)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < sender_key_slot_count(fixture->sender); i++) {
        sender_key_slot_start(fixture->sender, i, fixture->nonce ? fixture->nonce : 1);
        sender_key_slot_extend(fixture->sender, i, fixture->nonce ? fixture->nonce : UINT64_MAX);
    }
    sender_set_lease(fixture->sender, fixture->lease_wait_ns ? clock_boot_ns() + fixture->lease_wait_ns : 0,
                     fixture->lease_until_ns);
    if (fixture->follows_another)
        fixture->carry_over_ns = sender_carry_over_rate(fixture->sender, fixture->job.delivery.burst);
    pthread_create(&fixture->thread, NULL, fixture_thread, fixture->sender);
}

static inline struct delivery *fixture_submit(struct fixture *fixture)
{
    struct delivery *delivery = &fixture->deliveries[fixture->submitted++];
    delivery->call.operation = OPERATION_CREATE;
    delivery->call.record = &fixture->record;
    sender_submit(fixture->sender, delivery);
    return delivery;
}

static inline size_t fixture_done_count(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->mutex);
    size_t count = fixture->done_count;
    pthread_mutex_unlock(&fixture->mutex);
    return count;
}

/* Waits until the server has so many requests; fails after 20 s. */
static inline void fixture_await_requests(struct fixture *fixture, size_t count)
{
    if (!script_server_await(fixture->server, count))
        fail_msg("%zu of %zu requests came in", script_server_count(fixture->server), count);
}

/* Waits until the sender has published so many in flight; fails after 20 s. */
static inline void fixture_await_in_flight(struct fixture *fixture, uint32_t count)
{
    for (int i = 0; i < 4000 && sender_in_flight(fixture->sender) != count; i++)
        script_sleep_ms(5);
    assert_int_equal(sender_in_flight(fixture->sender), count);
}

/* Waits until the sender has published that this holds it up; fails after 20 s. */
static inline void fixture_await_hold(struct fixture *fixture, enum sender_hold want)
{
    uint64_t until_ns;
    for (int i = 0; i < 4000 && sender_held_by(fixture->sender, clock_mono_ns(), &until_ns) != want; i++)
        script_sleep_ms(5);
    assert_int_equal(sender_held_by(fixture->sender, clock_mono_ns(), &until_ns), want);
}

/* Waits until so many came back; fails after 20 s. */
static inline void fixture_wait(struct fixture *fixture, size_t count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&fixture->mutex);
    int failed = 0;
    while (fixture->done_count < count && !failed)
        failed = pthread_cond_timedwait(&fixture->changed, &fixture->mutex, &until);
    size_t got = fixture->done_count;
    pthread_mutex_unlock(&fixture->mutex);
    if (got < count)
        fail_msg("%zu of %zu deliveries came back", got, count);
}

/* Submits one and waits for it alone. */
static inline const struct delivery *fixture_deliver(struct fixture *fixture)
{
    struct delivery *delivery = fixture_submit(fixture);
    fixture_wait(fixture, fixture->submitted);
    return delivery;
}

/* The sender ends; the server's record and all deliveries can still be looked at. */
static inline void fixture_stop(struct fixture *fixture)
{
    sender_finish(fixture->sender);
    pthread_join(fixture->thread, NULL);
    if (fixture->server)
        script_server_stop(fixture->server);
    assert_int_equal(fixture->done_count, fixture->submitted);
}

static inline void fixture_submit_many(struct fixture *fixture, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fixture_submit(fixture);
}

/* How many of those that came back have such an outcome. */
static inline size_t fixture_count(const struct fixture *fixture, enum outcome_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < fixture->done_count; i++)
        count += fixture->done[i]->outcome.kind == kind;
    return count;
}

static inline void fixture_free(struct fixture *fixture)
{
    for (size_t i = 0; i < sender_key_slot_count(fixture->sender); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/kyc-import-%s.lock",
                 key_lock_folder(&(struct job){.name = NULL}, NULL), sender_key_slot_id(fixture->sender, i));
        unlink(path);
    }
    sender_free(fixture->sender);
    if (fixture->server)
        script_server_free(fixture->server);
    pthread_mutex_destroy(&fixture->mutex);
    pthread_cond_destroy(&fixture->changed);
    free(fixture->deliveries);
    free(fixture);
}

#endif
