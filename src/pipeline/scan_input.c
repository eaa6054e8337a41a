#include "pipeline/scan_input.h"

#include "core/clock.h"
#include "dispatch/coordinator_queue.h"
#include "job/job_auto.h"
#include "pipeline/ingest.h"

enum { WORKERS = 2, WAIT_S = 10 };

static int open_rules(struct ingest *ingest, struct job *job, const struct provider *provider,
                      struct rule_set **rules, struct error *error)
{
    const struct reader_header *header = ingest_header(ingest);
    int32_t today = (int32_t)(clock_real_ns() / CLOCK_NS_PER_S / 86400);

    if (job_auto_match(job, provider->fields, header->columns, header->column_count, error) != 0)
        return -1;
    *rules = rule_set_new(job, provider->fields, header->names, header->name_count, today, error);
    return *rules ? 0 : -1;
}

static int read_all(struct ingest *ingest, struct coordinator_queue *queue,
                    const struct scan_visitor *visitor, struct error *error)
{
    struct coordinator_queue_arrivals arrivals = {0};

    while (!arrivals.ended) {
        coordinator_queue_wait(queue, true, clock_mono_ns() + WAIT_S * CLOCK_NS_PER_S, &arrivals);
        if (!arrivals.batch)
            continue;
        for (size_t i = 0; i < arrivals.batch->count; i++)
            visitor->record(visitor->context, &arrivals.batch->records[i], &arrivals.batch->arena);
        ingest_recycle(ingest, arrivals.batch);
    }
    return ingest_result(ingest, error);
}

int scan_input(struct job *job, const struct provider *provider, uint64_t limit,
               const struct scan_visitor *visitor, struct error *error)
{
    struct coordinator_queue *queue = coordinator_queue_new(ingest_batches(WORKERS));
    struct ingest *ingest = ingest_open(job, -1, error);
    struct rule_set *rules = NULL;
    int result = ingest ? open_rules(ingest, job, provider, &rules, error) : -1;

    if (result == 0)
        result = visitor->begin(visitor->context, rules, error);
    if (result == 0) {
        const struct ingest_rules settings = {.set = rules, .fields = provider->fields, .limit = limit};
        result = ingest_start(ingest, &settings, WORKERS, queue, error);
    }
    if (result == 0)
        result = read_all(ingest, queue, visitor, error);
    if (result == 0)
        visitor->end(visitor->context);
    ingest_close(ingest);
    rule_set_free(rules);
    coordinator_queue_free(queue);
    return result;
}
