#include <inttypes.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/in_doubt_list.h"
#include "cmd/load_job.h"
#include "cmd/open_work.h"
#include "cmd/output.h"
#include "cmd/state_filter.h"
#include "cmd/status_age.h"
#include "cmd/status_audit.h"
#include "cmd/status_verify.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/plural.h"
#include "core/text.h"
#include "core/utf8.h"
#include "dispatch/refresh.h"
#include "job/job_load.h"
#include "ledger/ledger.h"
#include "ledger/ledger_holder.h"
#include "pipeline/job_ledger.h"
#include "pipeline/restored_mark.h"
#include "provider/provider.h"

enum {
    RESULT_MAX = 1 << 30, /* --json: 200 bytes for each customer in doubt */
    LOOKS_MAX = 3,
};

/* The output, as a table or as JSON. */
struct status_writer {
    struct buffer out;
    struct json_writer json;
    bool is_json;
    bool verify;       /* its findings name the incomplete rows */
    uint64_t open;     /* customers in doubt, by the groups */
    uint64_t in_doubt; /* customers that were listed */
    struct in_doubt_list *in_doubt_list;
    struct open_work work;
};

static void write_group(void *context, const struct ledger_group *group)
{
    struct status_writer *writer = context;

    writer->open += group->open;
    open_work_add(&writer->work, group);
    if (!writer->is_json) {
        char line[128]; /* the words of a ledger that was changed may be of any length */
        text_format(line, sizeof line, "%12" PRIu64 "  %-11s %-8s", group->count, group->state,
                    group->operation);
        utf8_append_escaped(&writer->out, slice_from(line));
        if (group->http_status)
            buffer_printf(&writer->out, " HTTP %d", group->http_status);
        if (group->code && group->code[0]) {
            buffer_append_char(&writer->out, ' ');
            utf8_append_escaped(&writer->out, slice_from(group->code));
        }
        buffer_append_char(&writer->out, '\n');
        return;
    }
    json_write_object(&writer->json);
    json_write_key(&writer->json, "state");
    json_write_any(&writer->json, slice_from(group->state));
    json_write_key(&writer->json, "operation");
    json_write_any(&writer->json, slice_from(group->operation));
    json_write_key(&writer->json, "http_status");
    json_write_signed(&writer->json, group->http_status);
    json_write_key(&writer->json, "code");
    json_write_any(&writer->json, slice_from(group->code ? group->code : ""));
    json_write_key(&writer->json, "count");
    json_write_unsigned(&writer->json, group->count);
    json_write_object_end(&writer->json);
}

static void write_in_doubt(void *context, const struct ledger_customer *customer)
{
    struct status_writer *writer = context;
    struct json_writer *json = &writer->json;

    writer->in_doubt++;
    if (!writer->is_json) {
        in_doubt_list_add(writer->in_doubt_list, customer);
        return;
    }
    json_write_object(json);
    json_write_key(json, "external_id");
    json_write_any(json, customer->external_id);
    json_write_key(json, "http_status");
    json_write_signed(json, customer->http_status);
    json_write_key(json, "code");
    json_write_any(json, customer->code);
    json_write_key(json, "message");
    json_write_any(json, customer->message);
    in_doubt_list_write_json(writer->in_doubt_list, customer, json);
    json_write_object_end(json);
}

/* The command that began a run, by its present name. */
static struct slice command_of(const struct ledger_run *run)
{
    return slice_is(run->command, "settle") ? SLICE_LITERAL("resolve") : run->command;
}

static bool is_import(const struct ledger_run *run)
{
    return slice_is(run->command, "run");
}

/* What became of a run without an end. */
static void write_open_run(struct buffer *out, const struct ledger_run *run,
                           const struct ledger_holder *holder, bool is_in_progress)
{
    if (is_in_progress && holder->silent_ns > 0)
        buffer_printf(out,
                      "a run holds the ledger and has not renewed its lease for %" PRIu64
                      " s: %s; it hangs, or its host does, and the next run takes the ledger over\n",
                      holder->silent_ns / CLOCK_NS_PER_S, holder->text);
    else if (is_in_progress)
        buffer_printf(
            out,
            "a run is in progress: %s; the requests that it has in flight are in doubt until it has the answers\n",
            holder->text);
    else if (holder->state == LEDGER_HOLDER_UNKNOWN)
        buffer_append_text(
            out,
            "the last run did not end, or is in progress: the lock file of the ledger cannot be read (look as the account of the runs)\n");
    else
        buffer_printf(
            out,
            "the last run did not end: it was killed, the machine stopped, or it failed before it could record its end; %s\n",
            is_import(run) ? "the next run continues" : "the same command continues");
}

/* run: NULL: there is none. */
static void write_run(struct status_writer *writer, const struct ledger_run *run,
                      const struct ledger_holder *holder)
{
    struct buffer *out = &writer->out;
    bool is_open = run && !run->finished.len;
    bool is_in_progress = is_open && ledger_holder_has_run(holder, run);

    if (run) {
        buffer_printf(out, "%" PRId64 " run%s; the last", run->id, plural_s((uint64_t)run->id));
        if (!is_import(run)) {
            buffer_append_text(out, " (");
            utf8_append_escaped(out, command_of(run));
            buffer_append_char(out, ')');
        }
        buffer_printf(out, " began %.*s", (int)run->started.len, run->started.data);
        if (is_open)
            buffer_append_char(out, '\n');
        else
            buffer_printf(out, " and ended %.*s with status %d\n", (int)run->finished.len, run->finished.data,
                          run->status);
    }
    if (!run && holder->state != LEDGER_HOLDER_FOUND)
        buffer_append_text(out, "no run has begun yet: if one was started, its messages have the reason\n");
    if (is_open)
        write_open_run(out, run, holder, is_in_progress);
    if (holder->state == LEDGER_HOLDER_FOUND && !is_in_progress)
        buffer_printf(out, "another command, or a run that has not begun to write, uses the ledger: %s\n",
                      holder->text);
}

static void write_run_json(struct json_writer *json, const struct ledger_run *run,
                           const struct ledger_holder *holder)
{
    bool is_open = run && !run->finished.len;

    if (run) {
        json_write_key(json, "last_run");
        json_write_object(json);
        json_write_key(json, "command");
        json_write_any(json, command_of(run));
        json_write_member(json, "started", run->started);
        if (!is_open) {
            json_write_member(json, "finished", run->finished);
            json_write_key(json, "status");
            json_write_signed(json, run->status);
        }
        json_write_key(json, "in_progress");
        if (is_open && holder->state == LEDGER_HOLDER_UNKNOWN)
            json_write_null(json);
        else
            json_write_bool(json, is_open && ledger_holder_has_run(holder, run));
        json_write_object_end(json);
    }
    json_write_key(json, "holder");
    if (holder->state == LEDGER_HOLDER_FOUND)
        json_write_text(json, holder->text);
    else
        json_write_null(json);
}

static void begin_groups(struct status_writer *writer, const char *ledger_path, const char *head)
{
    json_write_begin(&writer->json, &writer->out);
    if (!writer->is_json) {
        utf8_append_escaped(&writer->out, slice_from(ledger_path));
        buffer_append_text(&writer->out, "\n\n   customers  state       last\n");
        return;
    }
    json_write_object(&writer->json);
    json_write_key(&writer->json, "ledger");
    json_write_text(&writer->json, ledger_path);
    json_write_key(&writer->json, "chain_head");
    json_write_text(&writer->json, head);
    json_write_key(&writer->json, "groups");
    json_write_array(&writer->json);
}

static void begin_in_doubt(struct status_writer *writer)
{
    if (!writer->is_json)
        return;
    json_write_array_end(&writer->json);
    json_write_key(&writer->json, "in_doubt");
    json_write_array(&writer->json);
}

static int end_in_doubt(struct status_writer *writer, struct ledger *ledger, const struct job *job,
                        struct error *error)
{
    int result = 0;

    if (writer->is_json) {
        json_write_array_end(&writer->json);
        return 0;
    }
    in_doubt_list_write(writer->in_doubt_list, &writer->out);
    result = open_work_write(&writer->work, ledger, job->path, &writer->out, error);
    buffer_append_char(&writer->out, '\n');
    return result;
}

/* Whether a restore keeps runs away. */
static void write_restored(struct status_writer *writer, struct ledger *ledger, const struct job *job,
                           const struct provider *provider)
{
    struct error error;
    bool is_kept_away = restored_mark_check(job, provider, ledger, &error) != 0;

    if (writer->is_json) {
        json_write_key(&writer->json, "awaits_decision");
        json_write_bool(&writer->json, is_kept_away);
    } else if (is_kept_away) {
        buffer_printf(&writer->out, "\nNo run sends from this ledger: %s\n\n", error.text);
    }
}

/* The last run and the holder at one moment: looks again where a run began or ended meanwhile. As
 * ledger_last_run. */
static int find_run(struct ledger *ledger, struct arena *arena, struct ledger_run *run,
                    struct ledger_holder *holder, struct error *error)
{
    int found = ledger_last_run(ledger, arena, run, error);

    for (int i = 0; i < LOOKS_MAX && found >= 0; i++) {
        struct ledger_run before = *run;
        int was_found = found;
        if (ledger_holder_find(ledger, holder, error) != 0)
            return -1;
        found = ledger_last_run(ledger, arena, run, error);
        if (found == was_found &&
            (found != 1 || (run->id == before.id && run->finished.len == before.finished.len)))
            break;
    }
    return found;
}

/* Groups, customers in doubt, last run and the ledger's head. 0, or -1. The JSON object stays open. */
static int write_ledger(struct status_writer *writer, struct ledger *ledger, const struct job *job,
                        const struct provider *provider, struct error *error)
{
    struct arena arena;
    struct ledger_run run = {.id = 0};
    struct ledger_holder holder;
    char head[LEDGER_HEAD_SIZE];
    int found = -1;

    arena_init(&arena, 4096);
    ledger_chain_head(ledger, head);
    begin_groups(writer, job->ledger_path, head);
    /* --verify reports incomplete rows as findings; without it they are an error. */
    int result = writer->verify ? 0 : ledger_check_complete(ledger, error);
    if (result == 0)
        result = ledger_each_group(ledger, write_group, writer, error);
    begin_in_doubt(writer);
    if (result == 0 && writer->open > 0) /* without any, one pass over the customers less */
        result = ledger_each_in_doubt(ledger, UINT64_MAX >> 1, write_in_doubt, writer, error);
    if (result != 0 && writer->verify && !writer->is_json)
        buffer_append_text(&writer->out, "  not listed in full: a row is incomplete\n");
    if (end_in_doubt(writer, ledger, job, error) != 0)
        result = -1;
    if (result == 0)
        found = find_run(ledger, &arena, &run, &holder, error);
    if (found >= 0 && writer->is_json)
        write_run_json(&writer->json, found == 1 ? &run : NULL, &holder);
    else if (found >= 0)
        write_run(writer, found == 1 ? &run : NULL, &holder);
    write_restored(writer, ledger, job, provider);
    if (!writer->is_json)
        buffer_printf(&writer->out, "ledger head %s\n", head);
    arena_clear(&arena);
    return found < 0 && !writer->verify ? -1 : 0;
}

static void write_state_counts(struct json_writer *json, const char *key, const uint64_t *states,
                               uint64_t deleted)
{
    json_write_key(json, key);
    json_write_object(json);
    for (unsigned state = 0; state < VERIFICATION_COUNT; state++)
        json_write_member_unsigned(json, verification_word((enum verification)state), states[state]);
    json_write_member_unsigned(json, LEDGER_DELETED, deleted);
    json_write_object_end(json);
}

static void write_state_line(struct buffer *out, const char *word, uint64_t count, uint64_t changed)
{
    if (count == 0)
        return;
    if (changed)
        buffer_printf(out, "%12" PRIu64 "  %-13s  %" PRIu64 " changed\n", count, word, changed);
    else
        buffer_printf(out, "%12" PRIu64 "  %s\n", count, word);
}

/* Users by the state of their verification, and how many changed since since_ns (0: ever). */
static void write_verification(struct status_writer *writer, const struct ledger_verification_counts *counts,
                               uint64_t since_ns)
{
    struct json_writer *json = &writer->json;
    char since[CLOCK_RFC3339_SIZE];

    clock_rfc3339(since_ns, since);
    if (writer->is_json) {
        write_state_counts(json, "verification", counts->states, counts->deleted);
        write_state_counts(json, "verification_changed", counts->changed, counts->changed_to_deleted);
        json_write_key(json, "verification_since");
        if (since_ns)
            json_write_text(json, since);
        else
            json_write_null(json);
        return;
    }
    if (counts->users == 0)
        return;
    bool is_changed = counts->changed_to_deleted > 0;
    for (unsigned state = 0; state < VERIFICATION_COUNT; state++)
        is_changed = is_changed || counts->changed[state] > 0;
    buffer_printf(&writer->out, "\n       users  verification%s%s\n", is_changed ? "   since " : "",
                  is_changed ? since : "");
    for (unsigned state = 0; state < VERIFICATION_COUNT; state++)
        write_state_line(&writer->out, verification_word((enum verification)state), counts->states[state],
                         counts->changed[state]);
    write_state_line(&writer->out, LEDGER_DELETED, counts->deleted, counts->changed_to_deleted);
}

/* since_ns: UINT64_MAX: since the last refresh. 0, or -1. */
static int show_verification(struct status_writer *writer, struct ledger *ledger, uint64_t since_ns,
                             struct error *error)
{
    struct ledger_verification_counts counts;

    if (since_ns == UINT64_MAX && refresh_since(ledger, &since_ns, error) != 0)
        return -1;
    if (ledger_count_verification(ledger, since_ns ? since_ns : UINT64_MAX, &counts, error) != 0)
        return -1;
    write_verification(writer, &counts, since_ns);
    return 0;
}

static int show_ledger(const struct options *options, struct job *job, const struct provider *provider,
                       struct error *error)
{
    struct status_writer writer = {.is_json = options->json, .verify = options->verify};
    struct json_writer *json = options->json ? &writer.json : NULL;
    uint64_t since_ns = UINT64_MAX, max_age_ns;

    if (options->since && state_filter_read_time("--since", options->since, &since_ns, error) != 0)
        return -1;
    if (status_age_read(options, &max_age_ns, error) != 0)
        return -1;
    struct ledger *ledger = job_ledger_open(
        job, provider, options->against_provider ? JOB_LEDGER_EXCLUSIVE : JOB_LEDGER_READ, NULL, error);
    if (!ledger)
        return -1;
    buffer_init(&writer.out, RESULT_MAX);
    writer.in_doubt_list = in_doubt_list_new(job, provider);
    int status = write_ledger(&writer, ledger, job, provider, error);
    if (status == 0 && show_verification(&writer, ledger, since_ns, error) != 0)
        status = options->verify ? 0 : -1; /* --verify reports incomplete rows as findings */
    if (status == 0 && writer.in_doubt)
        status = 1;
    if (status >= 0 && max_age_ns) {
        int aged = status_age_check(ledger, job, options, max_age_ns, json, error);
        status = aged < 0 ? -1 : error_worse_status(status, aged);
    }
    if (status >= 0 && options->verify) {
        int verified = status_verify_write(ledger, job, provider, &writer.out, json, error);
        status = verified < 0 ? -1 : error_worse_status(status, verified);
    }
    if (status >= 0 && options->against_provider)
        status = error_worse_status(status, status_audit_write(ledger, job, provider, &writer.out, json));
    if (writer.is_json) {
        json_write_object_end(&writer.json);
        buffer_append_char(&writer.out, '\n');
    }
    bool is_silent = options->quiet && !options->json && status == 0;
    if (status >= 0 && !is_silent)
        status = output_result(buffer_slice(&writer.out), status);
    buffer_clear(&writer.out);
    in_doubt_list_free(writer.in_doubt_list);
    ledger_close(ledger);
    return status;
}

int command_status(const struct options *options)
{
    const struct provider *provider;
    struct error error;
    struct job *job =
        load_job(options, options->against_provider ? LOAD_JOB_SEND : LOAD_JOB_READ, &provider, &error);
    int status = job ? show_ledger(options, job, provider, &error) : -1;

    if (status < 0)
        status = output_error(&error);
    job_free(job);
    return status;
}
