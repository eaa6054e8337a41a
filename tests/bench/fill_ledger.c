/* fill-ledger JOB INPUT LEDGER: a ledger (a path, or the URL of a database) in which every valid row of an
 * input was created, without any provider: `make bench` measures an unchanged run with it. It journals and
 * acknowledges each row through the ledger's own interface, with the digests of the rule workers.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench_place.h"
#include "core/clock.h"
#include "core/memory.h"
#include "job/job_load.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger.h"
#include "pipeline/ingest.h"
#include "pipeline/signals.h"
#include "provider/provider.h"
#include "provider/provider_table.h"

enum {
    COMMIT_RECORDS = 100000, /* random keys touch every page of an index: the fewer commits the better */
    REMOTE_RECORDS = 8192,   /* what a database writes waits in memory */
    USER_ID_SIZE = 32,
};

struct filling {
    struct job *job;
    const struct provider *provider;
    struct ledger *ledger;
    struct fingerprint *fingerprint;
    uint8_t *members;
    size_t open, open_max; /* records since the last commit */
    struct ledger_wanted wanted;
};

static void write_user(char *text, int64_t customer)
{
    snprintf(text, USER_ID_SIZE, "bench-user-%010lld", (long long)customer);
}

static int fill_record(struct filling *filling, const struct record *record, struct error *error)
{
    const struct provider_fields *fields = filling->provider->fields;
    uint8_t identity[FINGERPRINT_IDENTITY_LEN], email[FINGERPRINT_MEMBER_LEN];
    bool has_identity = fingerprint_identity(filling->fingerprint, record, identity);
    struct ledger_intent intent = {
        .is_new = true,
        .external_id = record->values[FIELD_EXTERNAL_ID].text,
        .row = record->row,
        .operation = OPERATION_CREATE,
        .digest = record->digest,
        .member_digests =
            slice_make((const char *)filling->members, fields->slot_count * FINGERPRINT_MEMBER_LEN),
        .email_digest = slice_make((const char *)email, sizeof email),
        .identity = slice_make((const char *)identity, has_identity ? sizeof identity : 0),
        .at_ns = clock_real_ns(),
    };
    struct outcome outcome = {.kind = OUTCOME_DONE, .http_status = 201};
    struct ledger_result result = {
        .row = record->row,
        .operation = OPERATION_CREATE,
        .conclusion = LEDGER_RESULT_ACKNOWLEDGED,
        .event = true,
        .outcome = &outcome,
        .attempt = 1,
        .latency_ms = 20,
        .at_ns = intent.at_ns,
    };
    bool taken;
    fingerprint_members(filling->fingerprint, record, filling->members);
    fingerprint_email(filling->fingerprint, record, email);
    if (ledger_journal(filling->ledger, &intent, &result.id, error) != 0)
        return -1;
    write_user(outcome.user_id, result.id);
    return ledger_result(filling->ledger, &result, &taken, error);
}

/* That nobody has the users that this batch makes. */
static int prefetch(struct filling *filling, size_t count, struct error *error)
{
    char users[BATCH_RECORDS_MAX][USER_ID_SIZE];
    int64_t last = (int64_t)ledger_customer_count(filling->ledger);
    ledger_wanted_reset(&filling->wanted);
    for (size_t i = 0; i < count; i++) {
        write_user(users[i], last + 1 + (int64_t)i);
        ledger_wanted_user(&filling->wanted, slice_from(users[i]));
    }
    return ledger_prefetch(filling->ledger, &filling->wanted, error);
}

static int fill_batch(struct filling *filling, const struct batch *batch, struct error *error)
{
    if (prefetch(filling, batch->count, error) != 0)
        return -1;
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->records[i].rejected && fill_record(filling, &batch->records[i], error) != 0)
            return -1;
    filling->open += batch->count;
    if (filling->open < filling->open_max)
        return 0;
    filling->open = 0;
    return ledger_commit(filling->ledger, error) == 0 ? ledger_begin(filling->ledger, error) : -1;
}

static int fill(struct filling *filling, struct error *error)
{
    struct coordinator_queue *queue = coordinator_queue_new(ingest_batches(2));
    struct signals signals;
    struct coordinator_queue_arrivals arrivals = {0};
    if (signals_start(&signals, queue, error) != 0)
        return -1;
    struct ingest *ingest = ingest_open(filling->job, signals.stop_fd, error);
    if (!ingest)
        return -1;
    const struct reader_header *header = ingest_header(ingest);
    struct ingest_rules rules = {
        .set = rule_set_new(filling->job, filling->provider->fields, header->columns, header->column_count,
                            (int32_t)(clock_real_ns() / CLOCK_NS_PER_S / 86400), error),
        .fields = filling->provider->fields,
        .fingerprint_key = ledger_fingerprint_key(filling->ledger),
    };
    if (!rules.set || ingest_start(ingest, &rules, 2, queue, error) != 0)
        return -1;
    int result = ledger_begin(filling->ledger, error);
    while (result == 0 && !arrivals.ended) {
        coordinator_queue_wait(queue, true, clock_mono_ns() + CLOCK_NS_PER_S, &arrivals);
        if (!arrivals.batch)
            continue;
        result = fill_batch(filling, arrivals.batch, error);
        ingest_recycle(ingest, arrivals.batch);
    }
    return result == 0 ? ledger_commit(filling->ledger, error) : result;
}

int main(int argc, char **argv)
{
    struct error error = {0};
    if (argc != 4)
        return 2;
    const char *inputs[] = {argv[2]};
    const struct job_overrides overrides = {.inputs = inputs, .input_count = 1};
    struct filling filling = {.job = job_load(argv[1], &overrides, &error)};
    if (!filling.job || !(filling.provider = provider_find(filling.job->provider.name)))
        return fprintf(stderr, "fill-ledger: %s\n", error.text), 1;
    const struct ledger_identity identity = {
        .job = filling.job->name,
        .provider = filling.provider->name,
        .base_url = provider_base_url(filling.provider, filling.job),
    };
    const struct ledger_place place = bench_place(filling.job, argv[3]);
    filling.ledger = ledger_open(&place, LEDGER_MAKE, &identity, &error);
    filling.open_max = ledger_is_remote(argv[3]) ? REMOTE_RECORDS : COMMIT_RECORDS;
    if (!filling.ledger)
        return fprintf(stderr, "fill-ledger: %s\n", error.text), 1;
    filling.fingerprint = fingerprint_new(ledger_fingerprint_key(filling.ledger), filling.provider->fields);
    filling.members = memory_new(filling.provider->fields->slot_count, FINGERPRINT_MEMBER_LEN);
    if (fill(&filling, &error) != 0)
        return fprintf(stderr, "fill-ledger: %s\n", error.text), 1;
    ledger_close(filling.ledger);
    return 0; /* its threads and the rest end with it */
}
