#include "pipeline/find_record.h"

#include <string.h>

#include "core/clock.h"
#include "job/job_auto.h"
#include "pipeline/customer_index.h"
#include "pipeline/duplicate_check.h"
#include "pipeline/inbox.h"
#include "pipeline/ingest.h"
#include "pipeline/job_ledger.h"

enum { WORKERS = 2, WAIT_S = 10 };

struct searching {
    const struct record_search *search;
    struct inbox *inbox;
    struct customer_index *customer_index;
    struct ingest *ingest;
    struct rule_set *rules;
    struct ledger *ledger;
    struct fingerprint *fingerprint; /* NULL without a ledger */
    uint64_t rows;
};

static int open_ledger(struct searching *searching, struct error *error)
{
    const struct job *job = searching->search->job;
    const struct provider *provider = searching->search->provider;

    searching->ledger = job_ledger_open(job, provider, JOB_LEDGER_READ_ANY, error);
    if (!searching->ledger)
        return error->scope == ERROR_NONE ? 0 : -1;
    searching->fingerprint = fingerprint_new(ledger_fingerprint_key(searching->ledger), provider->fields);
    return customer_index_load(searching->customer_index, searching->ledger, error);
}

static int open_all(struct searching *searching, struct error *error)
{
    struct job *job = searching->search->job;
    const struct provider_fields *fields = searching->search->provider->fields;
    int32_t today = (int32_t)(clock_real_ns() / CLOCK_NS_PER_S / 86400);

    searching->ingest = ingest_open(job, -1, error);
    if (!searching->ingest)
        return -1;
    const struct reader_header *header = ingest_header(searching->ingest);
    if (job_auto_match(job, fields, header->columns, header->column_count, error) != 0)
        return -1;
    searching->rules = rule_set_new(job, fields, header->columns, header->column_count, today, error);
    if (!searching->rules || open_ledger(searching, error) != 0)
        return -1;
    const struct ingest_rules rules = {
        .set = searching->rules,
        .fields = fields,
        .fingerprint_key = searching->ledger ? ledger_fingerprint_key(searching->ledger) : NULL,
        .limit = searching->search->row,
        .identify = true,
    };
    return ingest_start(searching->ingest, &rules, WORKERS, searching->inbox, error);
}

static struct slice trim(struct slice text)
{
    for (; text.len && memchr(" \t", text.data[0], 2); text.len--)
        text.data++;
    while (text.len && memchr(" \t", text.data[text.len - 1], 2))
        text.len--;
    return text;
}

/* By its normal form, or as the source has it: a key that is no good can be asked for too. */
static bool has_key(const struct searching *searching, const struct record *record, const char *key)
{
    size_t column;

    if (!record->values || !record->cells)
        return false;
    if (record->values[FIELD_EXTERNAL_ID].state == VALUE_PRESENT)
        return slice_is(record->values[FIELD_EXTERNAL_ID].text, key);
    return rule_set_source(searching->rules, FIELD_EXTERNAL_ID, &column) && column < record->cell_count &&
           slice_is(trim(record->cells[column]), key);
}

static bool is_wanted(const struct searching *searching, const struct record *record)
{
    const struct record_search *search = searching->search;

    return search->row ? record->input == 0 && record->row == search->row
                       : has_key(searching, record, search->key);
}

/* Decides as the coordinator would, and hands all to the caller. 1, or -1. */
static int give(struct searching *searching, struct record *record, struct arena *arena,
                void (*found)(void *context, const struct found_record *found), void *context,
                struct error *error)
{
    const struct record_search *search = searching->search;
    const struct decide by = {.customer_index = searching->customer_index,
                              .ledger = searching->ledger,
                              .job = search->job,
                              .provider = search->provider,
                              .fingerprint = searching->fingerprint,
                              .is_dry = true};
    struct found_record all = {.record = record,
                               .header = ingest_header(searching->ingest),
                               .rules = searching->rules,
                               .arena = arena,
                               .has_ledger = searching->ledger != NULL};
    struct ledger_customer customer;

    if (!record->rejected && decide(&by, record, arena, &all.decision, error) != 0)
        return -1;
    const struct customer_index_entry *known =
        searching->ledger && record->unique_known & 1
            ? customer_index_find(searching->customer_index, record->unique_hash[0])
            : NULL;
    if (known) {
        int result = ledger_find(searching->ledger, (int64_t)known->id, arena, &customer, error);
        if (result < 0)
            return -1;
        all.customer = result ? &customer : NULL;
    }
    found(context, &all);
    return 1;
}

/* A customer that is not would be created, so that a later record of the same person is its twin. */
static bool is_in_ledger(const struct searching *searching, const struct record *record)
{
    return searching->ledger && customer_index_find(searching->customer_index, record->unique_hash[0]);
}

/* 1: found and given; 0: not in this batch; -1. */
static int find_record_batch(struct searching *searching, struct batch *batch,
                             void (*found)(void *context, const struct found_record *found), void *context,
                             struct error *error)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct record *record = &batch->records[i];
        searching->rows++;
        duplicate_check_validate(searching->search->job, searching->customer_index, record, &batch->arena);
        if (is_wanted(searching, record))
            return give(searching, record, &batch->arena, found, context, error);
        if (!record->rejected && record->identity_hash && !is_in_ledger(searching, record))
            customer_index_mark_identity(searching->customer_index, record->identity_hash);
    }
    return 0;
}

int find_record(const struct record_search *search,
                void (*found)(void *context, const struct found_record *found), void *context, uint64_t *rows,
                struct error *error)
{
    struct searching searching = {.search = search};
    struct inbox_news news = {0};
    int result;

    searching.inbox = inbox_new(ingest_batches(WORKERS));
    searching.customer_index = customer_index_new(search->job->unique_count);
    result = open_all(&searching, error);
    while (result == 0 && !news.ended) {
        inbox_wait(searching.inbox, true, clock_mono_ns() + WAIT_S * CLOCK_NS_PER_S, &news);
        if (!news.batch)
            continue;
        result = find_record_batch(&searching, news.batch, found, context, error);
        ingest_recycle(searching.ingest, news.batch);
    }
    if (result == 0)
        result = ingest_result(searching.ingest, error);
    *rows = searching.rows;
    ingest_close(searching.ingest);
    fingerprint_free(searching.fingerprint);
    ledger_close(searching.ledger);
    customer_index_free(searching.customer_index);
    rule_set_free(searching.rules);
    inbox_free(searching.inbox);
    return result;
}
