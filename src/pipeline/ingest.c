#include "pipeline/ingest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "core/memory.h"
#include "core/queue.h"
#include "pipeline/inputs.h"
#include "rules/rule_worker.h"

enum {
    BLOCK_SIZE = 256 * 1024,
    BLOCKS = 4, /* one being filled, one being read, two between them: more did not make it faster */
    BATCHES_PER_WORKER = 3,
    BATCHES_EXTRA = 4, /* at the reader, in the queue and at the coordinator */
    WORKERS_MAX = 64,
};

/* From the source thread to the reader's: bytes, or how an input ended. */
struct block {
    int status; /* as reader_feed.next: 1 bytes, 0 the clean end, -1 broken off */
    size_t len;
    char bytes[BLOCK_SIZE];
};

struct worker {
    struct ingest *ingest;
    pthread_t thread;
    bool started;
    struct rule_worker *rules;
    struct fingerprint *fingerprint; /* NULL: no ledger */
};

struct ingest {
    const struct job *job;
    int stop_fd; /* borrowed */
    struct inputs *inputs;
    size_t *order; /* the indices of those that are read */
    size_t order_count;
    /* the source thread's */
    pthread_t source_thread;
    bool source_started;
    struct error read_error; /* set before the block of status -1 is put */
    /* between the source and the reader */
    struct block *blocks;
    struct queue *free_blocks, *full_blocks;
    /* the reader thread's */
    struct block *block;
    pthread_t reader_thread;
    bool reader_started;
    uint64_t limit, read;
    uint64_t fed; /* bytes that its readers were given */
    /* written by the reader thread, read by the coordinator */
    _Atomic uint64_t records, consumed; /* consumed: inflated bytes of these records and the headers */
    atomic_bool ended;                  /* records is the final count */
    bool identify;                      /* constant once the workers run, as is shard */
    const struct shard_check *shard;    /* NULL: of the whole input */
    bool *complete;                     /* by input: it was read to its clean end */
    enum reader_result result;
    bool limited;
    struct error header_error; /* an input whose header has changed; scope ERROR_NONE: none */
    /* between the reader, the workers and the coordinator */
    struct queue *free_batches, *read_batches;
    struct batch **batches;
    size_t batch_count;
    struct worker workers[WORKERS_MAX];
    size_t worker_count;
    struct coordinator_queue *queue;
};

/* Passes one input on, its end included; false when nothing may follow. */
static bool pass_input(struct ingest *ingest, size_t index)
{
    struct block *block;
    do {
        block = queue_take(ingest->free_blocks);
        if (!block)
            return false;
        ptrdiff_t len =
            inputs_read(ingest->inputs, index, block->bytes, sizeof block->bytes, &ingest->read_error);
        block->status = len > 0 ? 1 : (int)len;
        block->len = len > 0 ? (size_t)len : 0;
        if (!queue_put(ingest->full_blocks, block))
            return false;
    } while (block->status == 1);
    return block->status == 0;
}

static void *source_main(void *argument)
{
    struct ingest *ingest = argument;
    size_t i = 0;

    while (i < ingest->order_count && pass_input(ingest, ingest->order[i]))
        i++;
    return NULL;
}

/* The reader's feed. After an input's end it stays at the end. */
static int next_block(void *context, struct slice *bytes)
{
    struct ingest *ingest = context;

    if (ingest->block) {
        if (ingest->block->status != 1)
            return ingest->block->status;
        queue_put(ingest->free_blocks, ingest->block);
    }
    ingest->block = queue_take(ingest->full_blocks);
    if (!ingest->block)
        return -1;
    ingest->fed += ingest->block->len;
    *bytes = slice_make(ingest->block->bytes, ingest->block->len);
    return ingest->block->status;
}

/* Discards what the reader did not need, so that the next input can follow. */
static void end_input(struct ingest *ingest)
{
    struct slice unused;

    while (next_block(ingest, &unused) == 1)
        ;
    if (ingest->block)
        queue_put(ingest->free_blocks, ingest->block);
    ingest->block = NULL;
}

static int no_thread(struct error *error)
{
    return error_set(error, ERROR_USAGE,
                     "cannot start a thread\nhint: raise the limit on processes (ulimit -u)");
}

struct ingest *ingest_open(const struct job *job, int stop_fd, struct error *error)
{
    struct inputs *inputs = inputs_open(&job->input, stop_fd, error);
    if (!inputs)
        return NULL;

    struct ingest *ingest = memory_new(1, sizeof *ingest);
    ingest->job = job;
    ingest->stop_fd = stop_fd;
    ingest->inputs = inputs;
    ingest->order_count = inputs_count(inputs);
    ingest->order = memory_new(ingest->order_count, sizeof *ingest->order);
    ingest->complete = memory_new(ingest->order_count, sizeof *ingest->complete);
    for (size_t i = 0; i < ingest->order_count; i++)
        ingest->order[i] = i;
    ingest->blocks = memory_new(BLOCKS, sizeof *ingest->blocks);
    ingest->free_blocks = queue_new(BLOCKS);
    ingest->full_blocks = queue_new(BLOCKS);
    for (size_t i = 0; i < BLOCKS; i++)
        queue_put(ingest->free_blocks, &ingest->blocks[i]);
    return ingest;
}

void ingest_select(struct ingest *ingest, const bool *selected)
{
    inputs_select(ingest->inputs, selected);
    ingest->order_count = 0;
    for (size_t i = 0; i < inputs_count(ingest->inputs); i++)
        if (selected[i])
            ingest->order[ingest->order_count++] = i;
}

const struct reader_header *ingest_header(const struct ingest *ingest)
{
    return inputs_header(ingest->inputs);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct ingest *ingest = worker->ingest;
    struct batch *batch;

    while ((batch = queue_take(ingest->read_batches))) {
        for (size_t i = 0; i < batch->count; i++) {
            struct record *record = &batch->records[i];
            struct slice identity;
            rule_worker_validate(worker->rules, record, &batch->arena);
            if (ingest->shard && record->rejected && record->unique_known)
                shard_check_hash(ingest->shard, record, NULL, &batch->arena);
            if (record->rejected || record->skipped)
                continue;
            record->identity_hash =
                ingest->identify ? fingerprint_identity_hash(record, &batch->arena, &identity) : 0;
            if (ingest->shard)
                shard_check_hash(ingest->shard, record, record->identity_hash ? &identity : NULL,
                                 &batch->arena);
            if (!worker->fingerprint)
                continue;
            rule_worker_digest_documents(worker->rules, record, &batch->arena);
            fingerprint_record(worker->fingerprint, record, record->digest);
        }
        coordinator_queue_put_batch(ingest->queue, batch);
    }
    return NULL;
}

/* Cuts the batch to the rest of `limit`. True when no batch may follow. place: in the order of the inputs. */
static bool apply_limit(struct ingest *ingest, struct batch *batch, size_t place)
{
    uint64_t left = ingest->limit ? ingest->limit - ingest->read : UINT64_MAX;
    bool is_whole = batch->count <= left;
    if (!is_whole)
        batch->count = (size_t)left;
    for (size_t i = 0; ingest->limit && i < batch->count; i++)
        batch->records[i].is_footer = false; /* the end of a part is not the end of the export */
    ingest->read += batch->count;
    atomic_store(&ingest->records, ingest->read);
    if (ingest->result == READER_END && is_whole)
        ingest->complete[ingest->order[place]] = true;
    if (batch->count < left)
        return false;
    ingest->limited = !is_whole || ingest->result == READER_MORE || place + 1 < ingest->order_count;
    return true;
}

/* Reads one input into batches. False when nothing may follow it. */
static bool read_input(struct ingest *ingest, size_t place, uint64_t *sequence)
{
    size_t index = ingest->order[place];
    const struct reader_feed feed = {next_block, ingest};
    struct reader *reader = inputs_reader(ingest->inputs, index, feed, &ingest->header_error);
    bool more = true;

    ingest->result = READER_CUT;
    if (!reader)
        return false;
    ingest->fed += reader_unread(reader); /* it has read its header, and perhaps more */
    while (more) {
        struct batch *batch = queue_take(ingest->free_batches);
        if (!batch)
            return false;
        batch_reset(batch);
        ingest->result = reader_fill(reader, batch);
        atomic_store(&ingest->consumed, ingest->fed - reader_unread(reader));
        more = !apply_limit(ingest, batch, place) && ingest->result == READER_MORE;
        batch->sequence = (*sequence)++;
        if (!queue_put(ingest->read_batches, batch))
            return false;
    }
    if (ingest->result != READER_END || ingest->limited)
        return false;
    if (place + 1 < ingest->order_count)
        end_input(ingest);
    return true;
}

static void *reader_main(void *argument)
{
    struct ingest *ingest = argument;
    uint64_t sequence = 0;
    size_t place = 0;

    while (place < ingest->order_count && read_input(ingest, place, &sequence))
        place++;
    atomic_store(&ingest->ended, true);
    queue_close(ingest->read_batches);
    coordinator_queue_end(ingest->queue, sequence);
    return NULL;
}

size_t ingest_batches(size_t workers)
{
    return workers * BATCHES_PER_WORKER + BATCHES_EXTRA;
}

int ingest_start(struct ingest *ingest, const struct ingest_rules *rules, size_t workers,
                 struct coordinator_queue *queue, struct error *error)
{
    if (workers > WORKERS_MAX)
        workers = WORKERS_MAX;
    ingest->queue = queue;
    ingest->limit = rules->limit;
    ingest->identify = rules->identify;
    ingest->shard = rules->shard;
    ingest->batch_count = ingest_batches(workers);
    ingest->batches = memory_new(ingest->batch_count, sizeof(struct batch *));
    ingest->free_batches = queue_new(ingest->batch_count);
    ingest->read_batches = queue_new(ingest->batch_count);
    for (size_t i = 0; i < ingest->batch_count; i++) {
        ingest->batches[i] = batch_new();
        queue_put(ingest->free_batches, ingest->batches[i]);
    }
    for (size_t i = 0; i < workers; i++) {
        struct worker *worker = &ingest->workers[i];
        worker->ingest = ingest;
        worker->rules = rule_worker_new(rules->set);
        if (rules->fingerprint_key)
            worker->fingerprint = fingerprint_new(rules->fingerprint_key, rules->fields);
        worker->started = pthread_create(&worker->thread, NULL, worker_main, worker) == 0;
        ingest->worker_count++;
        if (!worker->started)
            return no_thread(error);
    }
    ingest->source_started = pthread_create(&ingest->source_thread, NULL, source_main, ingest) == 0;
    if (!ingest->source_started)
        return no_thread(error);
    ingest->reader_started = pthread_create(&ingest->reader_thread, NULL, reader_main, ingest) == 0;
    return ingest->reader_started ? 0 : no_thread(error);
}

void ingest_recycle(struct ingest *ingest, struct batch *batch)
{
    queue_put(ingest->free_batches, batch);
}

/* Two digits, so that an estimate that wavers is calm. */
static uint64_t round_estimate(double records)
{
    double unit = 1;

    while (records / unit >= 100)
        unit *= 10;
    return (uint64_t)(records / unit + 0.5) * (uint64_t)unit;
}

static uint64_t estimate_total(const struct ingest *ingest, uint64_t read)
{
    double size = (double)inputs_size(ingest->inputs), position = (double)inputs_position(ingest->inputs);
    double consumed = (double)atomic_load(&ingest->consumed);

    if (size <= 0 || position <= 0 || consumed <= 0 || read == 0)
        return 0;
    double inflated = size * (double)inputs_inflated(ingest->inputs) / position;
    uint64_t total = round_estimate((double)read * inflated / consumed);
    return total > read ? total : read;
}

uint64_t ingest_total(const struct ingest *ingest, bool *is_estimate)
{
    bool ended = atomic_load(&ingest->ended); /* first: records is final then */
    uint64_t read = atomic_load(&ingest->records);

    *is_estimate = !ended;
    if (ended)
        return read;
    uint64_t total = estimate_total(ingest, read);
    if (!ingest->limit || ingest->limit > total)
        return total;
    *is_estimate = ingest->limit > total / 2; /* else there are certainly so many */
    return ingest->limit;
}

uint64_t ingest_bytes(const struct ingest *ingest, size_t index)
{
    return inputs_bytes(ingest->inputs, index);
}

bool ingest_is_complete(const struct ingest *ingest, size_t index)
{
    return ingest->complete[index];
}

int ingest_result(const struct ingest *ingest, struct error *error)
{
    if (ingest->result != READER_CUT || ingest->limited)
        return 0;
    *error = ingest->header_error.scope != ERROR_NONE ? ingest->header_error : ingest->read_error;
    return -1;
}

/* Closing the queues ends each loop at its next take or put, and stop_fd ends a wait for a pipe; then the
 * threads are joined in the order of the data flow. */
void ingest_close(struct ingest *ingest)
{
    if (!ingest)
        return;
    queue_close(ingest->free_blocks);
    queue_close(ingest->full_blocks);
    if (ingest->free_batches) {
        queue_close(ingest->free_batches);
        queue_close(ingest->read_batches);
    }
    if (ingest->source_started) {
        eventfd_write(ingest->stop_fd, 1);
        pthread_join(ingest->source_thread, NULL);
    }
    if (ingest->reader_started)
        pthread_join(ingest->reader_thread, NULL);
    for (size_t i = 0; i < ingest->worker_count; i++) {
        if (ingest->workers[i].started)
            pthread_join(ingest->workers[i].thread, NULL);
        rule_worker_free(ingest->workers[i].rules);
        fingerprint_free(ingest->workers[i].fingerprint);
    }
    for (size_t i = 0; i < ingest->batch_count; i++)
        batch_free(ingest->batches[i]);
    free(ingest->batches);
    queue_free(ingest->free_batches);
    queue_free(ingest->read_batches);
    queue_free(ingest->free_blocks);
    queue_free(ingest->full_blocks);
    free(ingest->blocks);
    free(ingest->order);
    free(ingest->complete);
    inputs_close(ingest->inputs);
    free(ingest);
}
