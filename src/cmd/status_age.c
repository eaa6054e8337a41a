#include "cmd/status_age.h"

#include <stdbool.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/quantity.h"

enum { ARENA_CHUNK = 4096, AGE_HOURS_MAX = 24 * 366 };

int status_age_read(const struct options *options, uint64_t *max_ns, struct error *error)
{
    char fault[QUANTITY_FAULT_SIZE];

    *max_ns = 0;
    if (!options->max_age || quantity_read(slice_from(options->max_age), &quantity_duration, "--max-age", 1,
                                           AGE_HOURS_MAX * CLOCK_NS_PER_HOUR, max_ns, fault))
        return 0;
    return error_set(error, ERROR_USAGE, "--max-age: %s", fault);
}

static bool has_word(const struct json_node *nodes, size_t object, const char *key, const char *word)
{
    size_t member = json_member(nodes, object, key);

    return member != 0 && slice_is(nodes[member].text, word);
}

/* By the summary that the run's row keeps. */
static bool is_complete(struct json_reader *reader, const struct ledger_run *run)
{
    struct json_fault fault;
    size_t count;
    const struct json_node *nodes = json_reader_parse(reader, run->counts, &count, &fault);

    if (!nodes || !has_word(nodes, 0, "unsent", "0") || has_word(nodes, 0, "partial", "true"))
        return false;
    size_t inputs = json_member(nodes, 0, "input");
    for (size_t i = inputs + 1; inputs != 0 && i < nodes[inputs].end; i = nodes[i].end)
        if (!has_word(nodes, i, "complete", "true"))
            return false;
    return inputs != 0;
}

/* 1 found, 0 none, -1 error. The run's slices are in the arena. */
static int find_complete(struct ledger *ledger, struct arena *arena, struct ledger_run *run,
                         struct error *error)
{
    struct json_reader *reader = json_reader_new();
    int64_t before = INT64_MAX;
    int found;

    while ((found = ledger_last_complete_run(ledger, "run", before, arena, run, error)) == 1 &&
           !is_complete(reader, run)) {
        before = run->id;
        arena_reset(arena);
    }
    json_reader_free(reader);
    return found;
}

static void write_json(struct json_writer *json, const struct ledger_run *run, bool is_old)
{
    json_write_key(json, "last_complete_run");
    if (run) {
        json_write_object(json);
        json_write_member(json, "started", run->started);
        json_write_member(json, "finished", run->finished);
        json_write_key(json, "status");
        json_write_signed(json, run->status);
        json_write_object_end(json);
    } else {
        json_write_null(json);
    }
    json_write_key(json, "max_age_exceeded");
    json_write_bool(json, is_old);
}

#define WAY_OUT "\nhint: look at the log of the last run, then: kyc-import run %s"

static void warn(const struct ledger_run *run, const struct options *options, const struct job *job)
{
    if (run)
        log_warning("the last complete run ended %.*s, more than %s ago (--max-age)" WAY_OUT,
                    (int)run->finished.len, run->finished.data, options->max_age, job->path);
    else
        log_warning("no run of this job was ever complete (--max-age)" WAY_OUT, job->path);
}

int status_age_check(struct ledger *ledger, const struct job *job, const struct options *options,
                     uint64_t max_ns, struct json_writer *json, struct error *error)
{
    struct arena arena;
    struct ledger_run run;
    uint64_t finished_ns = 0, now_ns = clock_real_ns();

    arena_init(&arena, ARENA_CHUNK);
    int found = find_complete(ledger, &arena, &run, error);
    if (found >= 0) {
        /* A time that cannot be read is as old as any; one to come (the clock was set back) is not old. */
        bool is_known = found == 1 && clock_read_rfc3339(run.finished.data, &finished_ns);
        bool is_old = !is_known || (finished_ns < now_ns && now_ns - finished_ns > max_ns);
        if (is_old)
            warn(found == 1 ? &run : NULL, options, job);
        if (json)
            write_json(json, found == 1 ? &run : NULL, is_old);
        found = is_old;
    }
    arena_clear(&arena);
    return found;
}
