/* ledger_run: runs, each with an event of customer 0 at its start and its end. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/digest.h"
#include "ledger/ledger_internal.h"

/* An event that seals the run's row. */
static int append_event(struct ledger *ledger, const char *outcome, uint64_t at_ns, struct error *error)
{
    struct ledger_value values[LEDGER_RUN_COLUMNS];
    uint8_t seal[LEDGER_SEAL_LEN];

    ledger_row_to_values(&ledger_run_table, &ledger->run, values);
    ledger_sealer_seal(ledger->sealer, &ledger_run_table, values, seal);
    struct ledger_event event = {
        .operation = SLICE_LITERAL("run"),
        .row = ledger->last_customer,
        .outcome = slice_from(outcome),
        .at = at_ns,
        .seal = slice_make((const char *)seal, sizeof seal),
    };
    return ledger_write_event(ledger, &event, error);
}

int ledger_run_start(struct ledger *ledger, const char *command, const char *version, const char *job_digest,
                     uint64_t at_ns, struct error *error)
{
    struct ledger_run last = {.id = 0};
    struct ledger_value values[LEDGER_RUN_COLUMNS];
    char started[CLOCK_RFC3339_SIZE];
    struct arena *arena = &ledger->run_arena;

    arena_reset(arena);
    ledger->run = (struct ledger_run){.id = 0};
    if (store_last_run(ledger->store, arena, &last, error) < 0)
        return -1;
    if (last.id == INT64_MAX || last.epoch == INT64_MAX)
        return store_fail_damaged(ledger->store, error, "no run can follow run %lld, of epoch %lld",
                                  (long long)last.id, (long long)last.epoch);
    int64_t epoch = store_epoch(ledger->store); /* of this writer, where others take a ledger over */
    ledger->run = (struct ledger_run){
        .id = last.id + 1,
        .epoch = epoch > last.epoch ? epoch : last.epoch + 1,
        .command = arena_copy(arena, slice_from(command)),
        .started = arena_copy(arena, slice_from(clock_rfc3339(at_ns, started))),
        .status = -1,
        .version = arena_copy(arena, slice_from(version)),
        .job_digest = arena_copy(arena, slice_from(job_digest)),
    };
    ledger->is_run_new = true;
    ledger_row_to_values(&ledger_run_table, &ledger->run, values);
    if ((ledger->is_rebound && ledger_write_owner(ledger, error) != 0) ||
        store_insert_run(ledger->store, values, error) != 0)
        return -1;
    return append_event(ledger, "started", at_ns, error);
}

int ledger_run_finish(struct ledger *ledger, int status, struct slice inputs, struct slice counts,
                      uint64_t at_ns, struct error *error)
{
    struct ledger_value values[LEDGER_RUN_COLUMNS];
    char finished[CLOCK_RFC3339_SIZE], head[LEDGER_HEAD_SIZE];
    struct arena *arena = &ledger->run_arena;

    assert(ledger->run.id > 0 && "a run that was not started does not finish");
    ledger->run.finished = arena_copy(arena, slice_from(clock_rfc3339(at_ns, finished)));
    ledger->run.status = status;
    ledger->run.inputs = inputs.len > 0 ? arena_copy(arena, inputs) : inputs;
    ledger->run.counts = counts.len > 0 ? arena_copy(arena, counts) : counts;
    if (append_event(ledger, "finished", at_ns, error) != 0)
        return -1;
    ledger->run.chain_head =
        arena_copy(arena, slice_from(digest_hex(ledger->chain.head, DIGEST_SHA256_LEN, head)));
    ledger_row_to_values(&ledger_run_table, &ledger->run, values);
    return store_update_run(ledger->store, values, error);
}

int ledger_last_run(struct ledger *ledger, struct arena *arena, struct ledger_run *run, struct error *error)
{
    return store_last_run(ledger->store, arena, run, error);
}

int ledger_last_complete_run(struct ledger *ledger, const char *command, int64_t before, struct arena *arena,
                             struct ledger_run *run, struct error *error)
{
    return store_last_complete_run(ledger->store, command, before, arena, run, error);
}

void ledger_mark(const struct ledger *ledger, struct ledger_mark *mark)
{
    *mark = (struct ledger_mark){.run = ledger->run.id};
    ledger_chain_head(ledger, mark->head);
    if (ledger->run.id > 0)
        snprintf(mark->started, sizeof mark->started, "%.*s", (int)ledger->run.started.len,
                 ledger->run.started.data);
}

int ledger_holds(struct ledger *ledger, const struct ledger_mark *mark, struct error *error)
{
    int held = mark->head[0] == '\0' ? 1 : ledger_has_head(ledger, mark->head, error);

    return held == 1 && mark->run != 0 ? store_has_run(ledger->store, mark->run, mark->started, error) : held;
}
