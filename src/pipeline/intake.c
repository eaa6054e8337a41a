#include "pipeline/intake.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "core/memory.h"
#include "core/queue.h"
#include "pipeline/inputs.h"

enum {
    BLOCK_SIZE = 256 * 1024,
    BLOCKS = 4, /* one being filled, one being read, two between them: more did not make it faster */
    BATCHES_PER_WORKER = 3,
    BATCHES_BESIDE = 4, /* at the reader, in the inbox and at the coordinator */
    WORKERS_MAX = 64,
};

/* What the source thread hands to the reader's: bytes, or how an input ended. */
struct block {
    int status;        /* as reader_feed.next: 1 bytes, 0 the clean end, -1 broken off */
    uint64_t position; /* bytes of all inputs that were used when it was filled */
    size_t len;
    char bytes[BLOCK_SIZE];
};

struct worker {
    struct intake *intake;
    pthread_t thread;
    bool started;
    struct rule_worker *rules;
    struct fingerprint *fingerprint; /* NULL: no ledger */
};

struct intake {
    const struct job *job;
    int stop_fd; /* borrowed */
    struct inputs *inputs;
    /* the source thread's */
    pthread_t source_thread;
    bool source_started;
    struct error broken; /* set before the block of status -1 is put */
    /* between the source and the reader */
    struct block *blocks;
    struct queue *free_blocks, *full_blocks;
    /* the reader thread's */
    struct block *block;
    pthread_t reader_thread;
    bool reader_started;
    uint64_t limit, read;
    uint64_t block_start; /* position of the block before the one that is being read */
    /* written by the reader thread, read by the coordinator */
    _Atomic uint64_t records, position;
    atomic_bool ended;     /* records are all there will be */
    bool identify;         /* constant once the workers run */
    size_t complete_count; /* inputs that were read to their clean end */
    enum reader_result result;
    bool limited;
    struct error refused; /* an input whose header is not what it was; scope ERROR_NONE: none */
    /* between the reader, the workers and the coordinator */
    struct queue *free_batches, *read_batches;
    struct batch **batches;
    size_t batch_count;
    struct worker workers[WORKERS_MAX];
    size_t worker_count;
    struct inbox *inbox;
};

/* Hands one input over, its end included; false when there is nothing more to do. */
static bool pass_input(struct intake *intake, size_t index)
{
    struct block *block;
    do {
        block = queue_take(intake->free_blocks);
        if (!block)
            return false;
        ptrdiff_t len =
            inputs_read(intake->inputs, index, block->bytes, sizeof block->bytes, &intake->broken);
        block->status = len > 0 ? 1 : (int)len;
        block->len = len > 0 ? (size_t)len : 0;
        block->position = inputs_position(intake->inputs);
        if (!queue_put(intake->full_blocks, block))
            return false;
    } while (block->status == 1);
    return block->status == 0;
}

static void *source_main(void *argument)
{
    struct intake *intake = argument;
    size_t index = 0;

    while (index < inputs_count(intake->inputs) && pass_input(intake, index))
        index++;
    return NULL;
}

/* The reader's feed. After an input's end it stays at the end. */
static int next_block(void *context, struct slice *bytes)
{
    struct intake *intake = context;

    if (intake->block) {
        if (intake->block->status != 1)
            return intake->block->status;
        queue_put(intake->free_blocks, intake->block);
    }
    intake->block = queue_take(intake->full_blocks);
    if (!intake->block)
        return -1;
    /* The reader is somewhere in it: half of it is the best guess. */
    atomic_store(&intake->position, (intake->block_start + intake->block->position) / 2);
    intake->block_start = intake->block->position;
    *bytes = slice_make(intake->block->bytes, intake->block->len);
    return intake->block->status;
}

/* Takes what the reader had no need of any more, and lets the next input follow. */
static void end_input(struct intake *intake)
{
    struct slice unused;

    while (next_block(intake, &unused) == 1)
        ;
    if (intake->block)
        queue_put(intake->free_blocks, intake->block);
    intake->block = NULL;
}

static int no_thread(struct error *error)
{
    return error_set(error, ERROR_USAGE, "cannot start a thread: raise the limit on processes (ulimit -u)");
}

struct intake *intake_open(const struct job *job, int stop_fd, struct error *error)
{
    struct inputs *inputs = inputs_open(&job->input, stop_fd, error);
    if (!inputs)
        return NULL;

    struct intake *intake = memory_new(1, sizeof *intake);
    intake->job = job;
    intake->stop_fd = stop_fd;
    intake->inputs = inputs;
    intake->blocks = memory_new(BLOCKS, sizeof *intake->blocks);
    intake->free_blocks = queue_new(BLOCKS);
    intake->full_blocks = queue_new(BLOCKS);
    for (size_t i = 0; i < BLOCKS; i++)
        queue_put(intake->free_blocks, &intake->blocks[i]);
    return intake;
}

const struct reader_header *intake_header(const struct intake *intake)
{
    return inputs_header(intake->inputs);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct intake *intake = worker->intake;
    struct batch *batch;

    while ((batch = queue_take(intake->read_batches))) {
        for (size_t i = 0; i < batch->count; i++) {
            struct record *record = &batch->records[i];
            rule_worker_judge(worker->rules, record, &batch->arena);
            if (record->rejected)
                continue;
            record->identity_hash = intake->identify ? fingerprint_identity_hash(record, &batch->arena) : 0;
            if (!worker->fingerprint)
                continue;
            rule_worker_digest_documents(worker->rules, record, &batch->arena);
            fingerprint_record(worker->fingerprint, record, record->digest);
        }
        inbox_put_batch(intake->inbox, batch);
    }
    return NULL;
}

/* Lets no more than limit records pass in all. True when no batch may follow. is_last: of the inputs. */
static bool apply_limit(struct intake *intake, struct batch *batch, bool is_last)
{
    uint64_t left = intake->limit ? intake->limit - intake->read : UINT64_MAX;
    bool is_whole = batch->count <= left;
    if (!is_whole)
        batch->count = (size_t)left;
    intake->read += batch->count;
    atomic_store(&intake->records, intake->read);
    if (intake->result == READER_END && is_whole)
        intake->complete_count++;
    if (batch->count < left)
        return false;
    intake->limited = !is_whole || intake->result == READER_MORE || !is_last;
    return true;
}

/* Reads one input into batches. False when nothing may follow it. */
static bool read_input(struct intake *intake, size_t index, uint64_t *sequence)
{
    const struct reader_feed feed = {next_block, intake};
    struct reader *reader = inputs_reader(intake->inputs, index, feed, &intake->refused);
    bool is_last = index + 1 == inputs_count(intake->inputs), more = true;

    intake->result = READER_CUT;
    if (!reader)
        return false;
    while (more) {
        struct batch *batch = queue_take(intake->free_batches);
        if (!batch)
            return false;
        batch_reset(batch);
        intake->result = reader_fill(reader, batch);
        more = !apply_limit(intake, batch, is_last) && intake->result == READER_MORE;
        batch->sequence = (*sequence)++;
        if (!queue_put(intake->read_batches, batch))
            return false;
    }
    if (intake->result != READER_END || intake->limited)
        return false;
    if (!is_last)
        end_input(intake);
    return true;
}

static void *reader_main(void *argument)
{
    struct intake *intake = argument;
    uint64_t sequence = 0;
    size_t index = 0;

    while (index < inputs_count(intake->inputs) && read_input(intake, index, &sequence))
        index++;
    atomic_store(&intake->ended, true);
    queue_close(intake->read_batches);
    inbox_end(intake->inbox, sequence);
    return NULL;
}

size_t intake_batches(size_t workers)
{
    return workers * BATCHES_PER_WORKER + BATCHES_BESIDE;
}

int intake_start(struct intake *intake, const struct intake_rules *rules, size_t workers, struct inbox *inbox,
                 struct error *error)
{
    if (workers > WORKERS_MAX)
        workers = WORKERS_MAX;
    intake->inbox = inbox;
    intake->limit = rules->limit;
    intake->identify = rules->identify;
    intake->batch_count = intake_batches(workers);
    intake->batches = memory_new(intake->batch_count, sizeof(struct batch *));
    intake->free_batches = queue_new(intake->batch_count);
    intake->read_batches = queue_new(intake->batch_count);
    for (size_t i = 0; i < intake->batch_count; i++) {
        intake->batches[i] = batch_new();
        queue_put(intake->free_batches, intake->batches[i]);
    }
    for (size_t i = 0; i < workers; i++) {
        struct worker *worker = &intake->workers[i];
        worker->intake = intake;
        worker->rules = rule_worker_new(rules->set);
        if (rules->fingerprint_key)
            worker->fingerprint = fingerprint_new(rules->fingerprint_key, rules->fields);
        worker->started = pthread_create(&worker->thread, NULL, worker_main, worker) == 0;
        intake->worker_count++;
        if (!worker->started)
            return no_thread(error);
    }
    intake->source_started = pthread_create(&intake->source_thread, NULL, source_main, intake) == 0;
    if (!intake->source_started)
        return no_thread(error);
    intake->reader_started = pthread_create(&intake->reader_thread, NULL, reader_main, intake) == 0;
    return intake->reader_started ? 0 : no_thread(error);
}

void intake_recycle(struct intake *intake, struct batch *batch)
{
    queue_put(intake->free_batches, batch);
}

double intake_share(const struct intake *intake, uint64_t records)
{
    uint64_t read = atomic_load(&intake->records), size = inputs_size(intake->inputs);
    double total = (double)read;

    if (!atomic_load(&intake->ended)) {
        if (size == 0 || read == 0)
            return size == 0 ? -1 : 0;
        double position = (double)atomic_load(&intake->position) / (double)size;
        total = position > 0 ? total / position : 0;
        if (intake->limit && (double)intake->limit < total)
            total = (double)intake->limit;
    }
    return total > 0 ? (double)records / total : 0;
}

uint64_t intake_bytes(const struct intake *intake, size_t index)
{
    return inputs_bytes(intake->inputs, index);
}

bool intake_is_complete(const struct intake *intake, size_t index)
{
    return index < intake->complete_count;
}

int intake_result(const struct intake *intake, struct error *error)
{
    if (intake->result != READER_CUT || intake->limited)
        return 0;
    *error = intake->refused.scope != ERROR_NONE ? intake->refused : intake->broken;
    return -1;
}

/* Closing the queues ends each loop at its next take or put, and stop_fd a wait for a pipe; then the threads
 * are joined in the order of the flow. */
void intake_close(struct intake *intake)
{
    if (!intake)
        return;
    queue_close(intake->free_blocks);
    queue_close(intake->full_blocks);
    if (intake->free_batches) {
        queue_close(intake->free_batches);
        queue_close(intake->read_batches);
    }
    if (intake->source_started) {
        eventfd_write(intake->stop_fd, 1);
        pthread_join(intake->source_thread, NULL);
    }
    if (intake->reader_started)
        pthread_join(intake->reader_thread, NULL);
    for (size_t i = 0; i < intake->worker_count; i++) {
        if (intake->workers[i].started)
            pthread_join(intake->workers[i].thread, NULL);
        rule_worker_free(intake->workers[i].rules);
        fingerprint_free(intake->workers[i].fingerprint);
    }
    for (size_t i = 0; i < intake->batch_count; i++)
        batch_free(intake->batches[i]);
    free(intake->batches);
    queue_free(intake->free_batches);
    queue_free(intake->read_batches);
    queue_free(intake->free_blocks);
    queue_free(intake->full_blocks);
    free(intake->blocks);
    inputs_close(intake->inputs);
    free(intake);
}
