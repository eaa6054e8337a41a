#include "pipeline/run_progress.h"

#include "core/clock.h"
#include "dispatch/dispatcher_progress.h"

#define QUIET_NS (2 * CLOCK_NS_PER_S) /* without a record, or without a request: worth a word */

void run_progress_start(struct run_progress *run, const struct run_progress_parts *parts, uint64_t now_ns)
{
    *run = (struct run_progress){.parts = *parts, .read_ns = now_ns, .sent_ns = now_ns};
    progress_start(&run->progress, now_ns);
}

/* Splits the records that were not read yet. */
static void expect_rest(const struct run_progress *run, const struct run_progress_now *now,
                        struct progress_counts *counts)
{
    const struct run_stats *stats = run->parts.stats;
    double rest = counts->total > stats->read ? (double)(counts->total - stats->read) : 0, sends = 0;
    double missing = (double)customer_index_missing_count(run->parts.index);

    if (run->parts.dispatcher) {
        double known = missing < rest ? missing : rest;
        double valid = stats->read ? (double)stats->valid / (double)stats->read : 1;
        double changed = now->compared ? (double)now->changed / (double)now->compared : 0;
        sends = (rest - known) * valid + known * changed;
    }
    counts->sends_left = sends + (double)counts->open;
    counts->plain_left = rest - sends;
}

/* What the provider does not explain: the input. */
static void find_input_state(struct run_progress *run, const struct run_progress_now *now, uint64_t now_ns,
                             struct progress_counts *counts)
{
    uint64_t read = run->parts.stats->read;

    if (read != run->read)
        run->read_ns = now_ns;
    if (counts->sent != run->sent || counts->open > 0)
        run->sent_ns = now_ns;
    run->read = read;
    run->sent = counts->sent;
    if (now->ended || counts->open > 0 || counts->state != PROGRESS_ACTIVE)
        return;
    if (now_ns - run->read_ns >= QUIET_NS)
        counts->state = PROGRESS_INPUT;
    else if (run->parts.dispatcher && now_ns - run->sent_ns >= QUIET_NS)
        counts->state = PROGRESS_READING;
}

uint64_t run_progress_show(struct run_progress *run, const struct run_progress_now *now, uint64_t now_ns)
{
    const struct run_stats *stats = run->parts.stats;
    struct dispatcher *dispatcher = run->parts.dispatcher;

    if (now_ns < progress_next_ns(&run->progress))
        return progress_next_ns(&run->progress);
    struct progress_counts counts = {
        .noun = "records",
        .done = dispatcher ? run_stats_concluded(stats) : stats->read,
        .rejected = stats->rejected,
        .in_doubt = stats->in_doubt,
    };
    counts.total = ingest_total(run->parts.ingest, &counts.is_estimate);
    if (dispatcher)
        dispatcher_progress(dispatcher, now_ns, &counts);
    if (counts.state == PROGRESS_STOPPING && now->drops)
        counts.state = PROGRESS_DROPPING;
    expect_rest(run, now, &counts);
    find_input_state(run, now, now_ns, &counts);
    progress_update(&run->progress, &counts, now_ns);
    return progress_next_ns(&run->progress);
}

void run_progress_end(struct run_progress *run)
{
    progress_end(&run->progress);
}
