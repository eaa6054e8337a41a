/* ledger-commits JOB LEDGER COUNT SEED: how long commits of a ledger take (a path, or the URL of a database),
 * without any provider. Each
 * journals COMMIT_RECORDS new customers with random keys and acknowledges those of the commit before, until
 * COUNT are created. Prints `per_second N`: customers created; and in ms the times of the commits alone
 * (`p50`, `p99`, `max`) and of commits with their writes (`batch_p50`, `batch_max`). The same seed gives the
 * same customers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench_place.h"
#include "core/clock.h"
#include "core/memory.h"
#include "job/job_load.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger.h"
#include "provider/provider.h"
#include "provider/provider_table.h"

enum { COMMIT_RECORDS = 256, KEY_SIZE = 20, ATTEMPT_MS = 20 };

struct writing {
    struct ledger *ledger;
    uint8_t *members;
    size_t members_len;
    uint64_t random, row;
    struct ledger_wanted wanted;
    int64_t journalled[COMMIT_RECORDS]; /* by the commit before */
    size_t open;
};

/* splitmix64: public domain, Sebastiano Vigna. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void fill_random(struct writing *writing, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(next(&writing->random) >> 56);
}

static int journal(struct writing *writing, int64_t *id, struct error *error)
{
    char key[KEY_SIZE + 1];
    uint8_t digest[FINGERPRINT_LEN], identity[FINGERPRINT_IDENTITY_LEN], email[FINGERPRINT_MEMBER_LEN];
    snprintf(key, sizeof key, "KEY-%016" PRIx64, next(&writing->random));
    fill_random(writing, digest, sizeof digest);
    fill_random(writing, identity, sizeof identity);
    fill_random(writing, email, sizeof email);
    fill_random(writing, writing->members, writing->members_len);
    const struct ledger_intent intent = {
        .is_new = true,
        .external_id = slice_from(key),
        .row = ++writing->row,
        .operation = OPERATION_CREATE,
        .digest = digest,
        .member_digests = slice_make((const char *)writing->members, writing->members_len),
        .email_digest = slice_make((const char *)email, sizeof email),
        .identity = slice_make((const char *)identity, sizeof identity),
        .at_ns = clock_real_ns(),
    };
    return ledger_journal(writing->ledger, &intent, id, error);
}

static int acknowledge(struct writing *writing, int64_t id, const struct outcome *outcome,
                       struct error *error)
{
    const struct ledger_result result = {
        .id = id,
        .row = writing->row,
        .operation = OPERATION_CREATE,
        .conclusion = LEDGER_RESULT_ACKNOWLEDGED,
        .event = true,
        .outcome = outcome,
        .attempt = 1,
        .latency_ms = ATTEMPT_MS,
        .at_ns = clock_real_ns(),
    };
    bool taken;
    return ledger_result(writing->ledger, &result, &taken, error);
}

/* The outcomes of the last commit's customers, and what they will read of the ledger, as in a run. */
static int receive(struct writing *writing, struct outcome *outcomes, struct error *error)
{
    ledger_wanted_reset(&writing->wanted);
    for (size_t i = 0; i < writing->open; i++) {
        struct outcome *outcome = &outcomes[i];
        *outcome = (struct outcome){.kind = OUTCOME_DONE, .http_status = 201};
        snprintf(outcome->user_id, sizeof outcome->user_id, "%016" PRIx64, next(&writing->random));
        snprintf(outcome->request_id, sizeof outcome->request_id, "%016" PRIx64, next(&writing->random));
        ledger_wanted_id(&writing->wanted, writing->journalled[i]);
        ledger_wanted_user(&writing->wanted, slice_from(outcome->user_id));
    }
    return ledger_prefetch(writing->ledger, &writing->wanted, error);
}

/* One commit: new customers, and the outcomes of the last ones. */
static int write_batch(struct writing *writing, size_t count, struct error *error)
{
    static struct outcome outcomes[COMMIT_RECORDS];
    int64_t journalled[COMMIT_RECORDS];
    if (receive(writing, outcomes, error) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (journal(writing, &journalled[i], error) != 0)
            return -1;
    for (size_t i = 0; i < writing->open; i++)
        if (acknowledge(writing, writing->journalled[i], &outcomes[i], error) != 0)
            return -1;
    if (count > 0)
        memcpy(writing->journalled, journalled, count * sizeof *journalled);
    writing->open = count;
    return 0;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The time that this share of the sorted times does not exceed, in ms. */
static double percentile(const uint64_t *times, size_t count, double share)
{
    return (double)times[(size_t)((double)(count - 1) * share)] / 1e6;
}

static int write_all(struct writing *writing, size_t count, struct error *error)
{
    size_t batches = count / COMMIT_RECORDS + 1; /* the last one only acknowledges */
    uint64_t *commits = memory_new(batches, sizeof *commits), *whole = memory_new(batches, sizeof *whole);
    uint64_t start = clock_mono_ns();
    for (size_t i = 0; i < batches; i++) {
        uint64_t begun = clock_mono_ns();
        if (ledger_begin(writing->ledger, error) != 0 ||
            write_batch(writing, i + 1 < batches ? COMMIT_RECORDS : 0, error) != 0)
            return -1;
        uint64_t written = clock_mono_ns();
        if (ledger_commit(writing->ledger, error) != 0)
            return -1;
        commits[i] = clock_mono_ns() - written;
        whole[i] = clock_mono_ns() - begun;
    }
    double seconds = (double)(clock_mono_ns() - start) / CLOCK_NS_PER_S;
    qsort(commits, batches, sizeof *commits, by_size);
    qsort(whole, batches, sizeof *whole, by_size);
    printf("per_second %.0f p50 %.2f p99 %.2f max %.2f batch_p50 %.2f batch_max %.2f\n",
           (double)((batches - 1) * COMMIT_RECORDS) / seconds, percentile(commits, batches, 0.5),
           percentile(commits, batches, 0.99), percentile(commits, batches, 1),
           percentile(whole, batches, 0.5), percentile(whole, batches, 1));
    free(commits);
    free(whole);
    return 0;
}

int main(int argc, char **argv)
{
    struct error error = {0};
    if (argc != 5)
        return 2;
    const struct job_overrides overrides = {.set_count = 0};
    struct job *job = job_load(argv[1], &overrides, &error);
    const struct provider *provider = job ? provider_find(job->provider.name) : NULL;
    if (!provider)
        return fprintf(stderr, "ledger-commits: %s\n", error.text), 1;
    const struct ledger_identity identity = {
        .job = job->name, .provider = provider->name, .base_url = provider_base_url(provider, job)};
    const struct ledger_place place = bench_place(job, argv[2]);
    struct writing writing = {
        .ledger = ledger_open(&place, LEDGER_MAKE, &identity, &error),
        .members_len = provider->fields->slot_count * FINGERPRINT_MEMBER_LEN,
        .random = strtoull(argv[4], NULL, 10) << 32,
    };
    if (!writing.ledger)
        return fprintf(stderr, "ledger-commits: %s\n", error.text), 1;
    writing.members = memory_new(1, writing.members_len);
    if (write_all(&writing, strtoull(argv[3], NULL, 10), &error) != 0)
        return fprintf(stderr, "ledger-commits: %s\n", error.text), 1;
    ledger_close(writing.ledger);
    return 0; /* the rest ends with it */
}
