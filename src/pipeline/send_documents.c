#include "pipeline/send_documents.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/memory.h"
#include "dispatch/requests.h"
#include "job/job_auto.h"
#include "ledger/ledger_task.h"
#include "pipeline/customer_index.h"
#include "pipeline/ingest.h"
#include "provider/document_list.h"
#include "rules/rule_set.h"

enum { WORKERS = 2, WAIT_S = 10, ARENA_CHUNK = 16 * 1024 };

struct sending {
    const struct send_documents_settings *settings;
    struct send_documents_counts *counts;
    struct digest_hmac *hmac;
    struct arena arena; /* of the customer */
    /* the input */
    struct coordinator_queue *queue;
    struct customer_index *index;
    struct ingest *ingest;
    struct rule_set *rules;
    struct batch *batch; /* NULL: none at hand */
    size_t next_record;
    bool ended;
    /* of the current record */
    struct record *record;
    struct ledger_customer customer;
    struct document_listed listed[DOCUMENT_LIST_MAX];
    size_t listed_count, next_listed;
};

/* A document on its way: the extra of its request. */
struct sent_document {
    struct user_task task; /* first */
    struct document_listed listed;
    struct arena arena; /* of the copy of the record */
};

static int open_input(struct sending *sending, struct error *error)
{
    struct job_series *series = sending->settings->series;
    int32_t today = (int32_t)(clock_real_ns() / CLOCK_NS_PER_S / 86400);

    sending->ingest = ingest_open(series->job, series->signals.stop_fd, error);
    if (!sending->ingest)
        return -1;
    const struct reader_header *header = ingest_header(sending->ingest);
    if (job_auto_match(series->job, series->provider->fields, header->columns, header->column_count, error) !=
        0)
        return -1;
    sending->rules =
        rule_set_new(series->job, series->provider->fields, header->names, header->name_count, today, error);
    if (!sending->rules || customer_index_load(sending->index, series->ledger, error) != 0)
        return -1;
    const struct ingest_rules rules = {
        .set = sending->rules,
        .fields = series->provider->fields,
        .fingerprint_key = ledger_fingerprint_key(series->ledger),
        .limit = sending->settings->limit,
    };
    return ingest_start(sending->ingest, &rules, WORKERS, sending->queue, error);
}

static void close_input(struct sending *sending)
{
    ingest_close(sending->ingest);
    rule_set_free(sending->rules);
    customer_index_free(sending->index);
    coordinator_queue_free(sending->queue);
}

static void count_fault(struct send_documents_counts *counts, const char *text, uint64_t row)
{
    for (size_t i = 0; i < SEND_DOCUMENTS_FAULTS_MAX; i++) {
        struct send_documents_fault *fault = &counts->faults[i];
        if (fault->text && strcmp(fault->text, text) != 0)
            continue;
        fault->text = text;
        if (fault->count++ == 0)
            fault->row = row;
        return;
    }
}

/* The next record of the input, or NULL at its end. 0, or -1. */
static int next_record(struct sending *sending, struct record **record, struct error *error)
{
    struct coordinator_queue_arrivals arrivals = {0};

    while (!sending->batch || sending->next_record == sending->batch->count) {
        if (sending->batch)
            ingest_recycle(sending->ingest, sending->batch);
        sending->batch = NULL;
        *record = NULL;
        if (sending->ended)
            return ingest_result(sending->ingest, error);
        coordinator_queue_wait(sending->queue, true, clock_mono_ns() + WAIT_S * CLOCK_NS_PER_S, &arrivals);
        sending->batch = arrivals.batch;
        sending->next_record = 0;
        sending->ended = arrivals.ended;
    }
    *record = &sending->batch->records[sending->next_record++];
    return 0;
}

/* Lists the documents of the record, if its customer has a user. 0, or -1. */
static int begin_record(struct sending *sending, struct record *record, struct error *error)
{
    const struct job_series *series = sending->settings->series;

    sending->listed_count = sending->next_listed = 0;
    sending->counts->read++;
    customer_index_check_unique(sending->index, series->job, record, &sending->batch->arena);
    sending->counts->rejected += record->rejected && !record->skipped;
    if (record->rejected || record->skipped || !record->values)
        return 0;
    size_t count = document_list(series->provider, record, sending->listed);
    if (count == 0)
        return 0;
    const struct customer_index_entry *known = customer_index_find(sending->index, record->unique_hash[0]);
    if (!known || !known->has_user_id) {
        sending->counts->without_user++;
        return 0;
    }
    arena_reset(&sending->arena);
    if (ledger_find_known(series->ledger, (int64_t)known->id, &sending->arena, &sending->customer, error) !=
        0)
        return -1;
    if (ledger_customer_is_deleted(&sending->customer))
        return 0;
    sending->record = record;
    sending->listed_count = count;
    return 0;
}

static void digest_document(struct sending *sending, const struct document_listed *listed,
                            uint8_t out[USER_TASK_DIGEST_LEN])
{
    uint8_t sum[DIGEST_SHA256_LEN];

    digest_hmac_begin(sending->hmac);
    digest_hmac_add(sending->hmac, SLICE_LITERAL("document"));
    digest_hmac_add(sending->hmac, slice_make("", 1));
    digest_hmac_add(sending->hmac, sending->customer.user_id);
    digest_hmac_add(sending->hmac, slice_make("", 1));
    document_list_digest(listed, sending->record, sending->hmac);
    digest_hmac_end(sending->hmac, sum);
    memcpy(out, sum, USER_TASK_DIGEST_LEN);
}

/* Where a slice of the record is in its copy. */
static struct slice copied(const struct record *copy, enum field_id field)
{
    return field == FIELD_NONE ? slice_make("", 0) : copy->values[field].text;
}

/* The document and its record outlive the batch. */
static void keep_document(struct sending *sending, const struct document_listed *listed,
                          struct request *request)
{
    struct sent_document *sent = request->extra;
    struct provider_document *document = &sent->listed.document;

    arena_init(&sent->arena, ARENA_CHUNK);
    const struct record *copy = record_copy(sending->record, &sent->arena);
    sent->listed = *listed;
    document->type = arena_copy(&sent->arena, document->type);
    document->number = arena_copy(&sent->arena, document->number);
    document->country = arena_copy(&sent->arena, document->country);
    document->expiry = arena_copy(&sent->arena, document->expiry);
    document->file = copied(copy, sent->listed.file);
    document->back = copied(copy, sent->listed.back);
    request_set_user(request, OPERATION_DOCUMENT, sending->customer.user_id);
    request->delivery.subject = (uint64_t)sending->customer.id;
    request->delivery.call.record = copy;
    request->delivery.call.document = document;
    request->delivery.call.journalled_ns = sent->task.at_ns;
}

/* 1: the document is to be sent; 0: it is not; -1. */
static int prepare(struct sending *sending, const struct document_listed *listed, struct request *request,
                   struct error *error)
{
    struct sent_document *sent = request->extra;
    struct ledger_task known;

    if (listed->fault) {
        count_fault(sending->counts, listed->fault, sending->record->row);
        return 0;
    }
    digest_document(sending, listed, sent->task.digest);
    const struct slice digest = slice_make((const char *)sent->task.digest, sizeof sent->task.digest);
    int found =
        ledger_find_task(sending->settings->series->ledger, sending->customer.id, LEDGER_TASK_DOCUMENT,
                         slice_from(listed->slot), &sending->arena, &known, error);
    if (found < 0)
        return -1;
    enum user_task_standing standing = user_task_standing(found ? &known : NULL, digest);
    if (standing == USER_TASK_DONE) {
        sending->counts->unchanged++;
        return 0;
    }
    if (standing == USER_TASK_REFUSED && !sending->settings->retry_refused) {
        sending->counts->refused_before++;
        return 0;
    }
    user_task_init(&sent->task, &sending->customer, standing == USER_TASK_OPEN ? &known : NULL);
    keep_document(sending, listed, request);
    return 1;
}

static int next_document(void *context, struct request *request, struct error *error)
{
    struct sending *sending = context;
    struct record *record;

    for (;;) {
        while (sending->next_listed < sending->listed_count) {
            int result = prepare(sending, &sending->listed[sending->next_listed++], request, error);
            if (result != 0)
                return result;
        }
        if (next_record(sending, &record, error) != 0)
            return -1;
        if (!record)
            return 0;
        if (begin_record(sending, record, error) != 0)
            return -1;
    }
}

static int journal_document(void *context, struct request *request, struct error *error)
{
    struct sending *sending = context;
    struct sent_document *sent = request->extra;

    return user_task_journal(sending->settings->series->ledger, LEDGER_TASK_DOCUMENT,
                             slice_from(sent->listed.slot), &sent->task, error);
}

static int repeat_document(void *context, struct request *request, struct error *error)
{
    struct sending *sending = context;
    struct sent_document *sent = request->extra;

    return user_task_repeat(sending->settings->series->ledger, &sent->task, request, error) == 0 ? 1 : -1;
}

/* A request that could not be built: its file has gone since the record was read. */
static bool was_not_built(const struct request *request)
{
    return request->delivery.outcome.kind == OUTCOME_REFUSED && !request->delivery.sent;
}

static int end_document(struct sending *sending, struct request *request, struct error *error)
{
    struct sent_document *sent = request->extra;

    if (was_not_built(request))
        count_fault(sending->counts, "could not be read any more when it was to be sent",
                    request->delivery.call.record->row);
    return user_task_end(sending->settings->series->ledger, &sent->task, request, &sending->counts->documents,
                         error);
}

static int accept_document(void *context, struct request *request, struct error *error)
{
    return end_document(context, request, error);
}

static int give_up_document(void *context, struct request *request, bool is_stopping, struct error *error)
{
    (void)is_stopping;
    return end_document(context, request, error);
}

/* Records are those of the export, which are read as documents are sent. */
static void count_progress(const void *context, struct progress_counts *counts)
{
    const struct sending *sending = context;

    counts->noun = "records";
    counts->done = sending->counts->read;
    counts->total = ingest_total(sending->ingest, &counts->is_estimate);
    counts->rejected = sending->counts->rejected;
    counts->in_doubt = sending->counts->documents.in_doubt;
}

static void release_document(void *context, struct request *request)
{
    struct sent_document *sent = request->extra;

    (void)context;
    user_task_clear(&sent->task);
    arena_wipe(&sent->arena);
}

static int send_all(struct sending *sending, struct error *error)
{
    static const struct requests_handler handler = {
        .next = next_document,
        .journal = journal_document,
        .answered = accept_document,
        .repeats = repeat_document,
        .gave_up = give_up_document,
        .release = release_document,
        .progress = count_progress,
    };
    const struct job_series *series = sending->settings->series;
    const struct requests_parts requests = {
        .job = series->job,
        .provider = series->provider,
        .ledger = series->ledger,
        .queue = series->queue,
        .handler = &handler,
        .context = sending,
        .extra_size = sizeof(struct sent_document),
        .interrupted = "interrupted: not every document was sent\nhint: run it again to continue",
    };
    return requests_run(&requests, &sending->counts->requests, error);
}

int send_documents(const struct send_documents_settings *settings, struct send_documents_counts *counts,
                   struct error *error)
{
    struct sending *sending = memory_new(1, sizeof *sending);
    const uint8_t *key = ledger_fingerprint_key(settings->series->ledger);

    *counts = (struct send_documents_counts){.started_ns = clock_real_ns()};
    sending->settings = settings;
    sending->counts = counts;
    sending->queue = coordinator_queue_new(ingest_batches(WORKERS));
    sending->index = customer_index_new(settings->series->job->unique_count);
    sending->hmac = digest_hmac_new(DIGEST_SHA256, slice_make((const char *)key, FINGERPRINT_KEY_LEN));
    arena_init(&sending->arena, ARENA_CHUNK);
    int result = open_input(sending, error);
    if (result == 0)
        result = send_all(sending, error);
    close_input(sending);
    arena_clear(&sending->arena);
    digest_hmac_free(sending->hmac);
    free(sending);
    return result;
}
