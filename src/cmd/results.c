/* results: one line per customer from the ledger, as CSV or NDJSON, in id order and constant memory. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/output.h"
#include "cmd/state_filter.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "core/json_merge.h"
#include "job/job_load.h"
#include "ledger/ledger.h"
#include "pipeline/job_ledger.h"
#include "provider/provider.h"
#include "report/csv_cell.h"

enum { BLOCK_SIZE = 64 * 1024, BLOCK_MAX = 2 * BLOCK_SIZE };

struct results_writer {
    struct buffer out;
    bool is_json, failed;
    const char *const *kept; /* provider.keep: a column of CSV for each; NULL: none */
    struct json_reader *reader;
    struct buffer cell;    /* scratch */
    unsigned states;       /* as options.states */
    unsigned verification; /* as options.verification */
    uint64_t since_ns;     /* of the last change of the verification; 0: whenever */
};

static void flush(struct results_writer *writer)
{
    writer->failed = writer->failed || writer->out.overflowed ||
                     file_write_all(STDOUT_FILENO, buffer_slice(&writer->out)) != 0;
    buffer_reset(&writer->out);
}

/* The header's cells of the kept members. */
static void write_kept_names(struct results_writer *writer)
{
    for (const char *const *name = writer->kept; name && *name; name++) {
        buffer_reset(&writer->cell);
        buffer_printf(&writer->cell, "kept.%s", *name);
        buffer_append_char(&writer->out, ',');
        csv_cell_write(&writer->out, buffer_slice(&writer->cell));
    }
}

static void write_kept_value(struct results_writer *writer, const struct json_node *nodes, size_t index)
{
    switch (nodes[index].kind) {
    case JSON_STRING:
        csv_cell_write_guarded(&writer->out, nodes[index].text);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        buffer_reset(&writer->cell);
        json_merge_copy(&writer->cell, nodes, index, NULL);
        csv_cell_write(&writer->out, buffer_slice(&writer->cell));
        break;
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_NUMBER:
        csv_cell_write(&writer->out, nodes[index].text);
        break;
    }
}

/* A cell for each kept member: a text or number as it is, else JSON. */
static void write_kept(struct results_writer *writer, struct slice kept)
{
    struct json_fault fault;
    size_t count;
    const struct json_node *nodes = kept.len ? json_reader_parse(writer->reader, kept, &count, &fault) : NULL;

    for (const char *const *name = writer->kept; name && *name; name++) {
        size_t index = nodes ? json_member(nodes, 0, *name) : 0;
        buffer_append_char(&writer->out, ',');
        if (index != 0)
            write_kept_value(writer, nodes, index);
    }
}

static void write_csv(struct results_writer *writer, const struct ledger_customer *customer, uint64_t row,
                      const char *updated_at, const char *verification_at)
{
    struct buffer *out = &writer->out;

    if (row)
        buffer_printf(out, "%" PRIu64, row);
    buffer_append_char(out, ',');
    csv_cell_write(out, customer->external_id);
    buffer_printf(out, ",%s,", ledger_state_word(customer->state));
    csv_cell_write(out, customer->user_id);
    buffer_append_char(out, ',');
    if (customer->http_status)
        buffer_printf(out, "%d", customer->http_status);
    buffer_append_char(out, ',');
    csv_cell_write_guarded(out, customer->code);
    buffer_append_char(out, ',');
    csv_cell_write_guarded(out, customer->message);
    buffer_printf(out, ",%" PRIu32 ",%s,", customer->attempts, updated_at);
    csv_cell_write(out, customer->kept);
    buffer_printf(out, ",%s,", state_filter_word(customer));
    csv_cell_write_guarded(out, customer->verification_word);
    buffer_append_char(out, ',');
    csv_cell_write_guarded(out, customer->verification_reason);
    buffer_printf(out, ",%s", verification_at);
    write_kept(writer, customer->kept);
    buffer_append_char(out, '\n');
}

static void write_text_or_null(struct json_writer *json, const char *key, struct slice text)
{
    json_write_key(json, key);
    if (text.len)
        json_write_string(json, text);
    else
        json_write_null(json);
}

static void write_number_or_null(struct json_writer *json, const char *key, uint64_t number)
{
    json_write_key(json, key);
    if (number)
        json_write_unsigned(json, number);
    else
        json_write_null(json);
}

static void write_json(struct buffer *out, const struct ledger_customer *customer, uint64_t row,
                       const char *updated_at, const char *verification_at)
{
    struct json_writer json;

    json_write_begin(&json, out);
    json_write_object(&json);
    write_number_or_null(&json, "row", row);
    write_text_or_null(&json, "external_id", customer->external_id);
    write_text_or_null(&json, "state", slice_from(ledger_state_word(customer->state)));
    write_text_or_null(&json, "user_id", customer->user_id);
    write_number_or_null(&json, "http_status", (uint64_t)customer->http_status);
    write_text_or_null(&json, "code", customer->code);
    write_text_or_null(&json, "message", customer->message);
    json_write_key(&json, "attempts");
    json_write_unsigned(&json, customer->attempts);
    write_text_or_null(&json, "at", slice_from(updated_at));
    json_write_key(&json, "kept");
    if (customer->kept.len)
        buffer_append(out, customer->kept); /* is JSON */
    else
        json_write_null(&json);
    json.comma = true;
    write_text_or_null(&json, "verification", slice_from(state_filter_word(customer)));
    write_text_or_null(&json, "verification_word", customer->verification_word);
    write_text_or_null(&json, "verification_reason", customer->verification_reason);
    write_text_or_null(&json, "verification_at", slice_from(verification_at));
    json_write_object_end(&json);
    buffer_append_char(out, '\n');
}

static bool write_customer(void *context, const struct ledger_customer *customer, uint64_t row)
{
    struct results_writer *writer = context;
    char text[CLOCK_RFC3339_SIZE], verification_at[CLOCK_RFC3339_SIZE] = "";

    if (writer->states && !state_filter_is(writer->states, customer))
        return true;
    if (writer->verification && !state_filter_has(writer->verification, customer))
        return true;
    if (customer->verification_at < writer->since_ns)
        return true;
    clock_rfc3339(customer->updated_at, text);
    if (customer->verification_at)
        clock_rfc3339(customer->verification_at, verification_at);
    if (writer->is_json)
        write_json(&writer->out, customer, row, text, verification_at);
    else
        write_csv(writer, customer, row, text, verification_at);
    if (writer->out.len >= BLOCK_SIZE || writer->out.overflowed)
        flush(writer);
    return !writer->failed;
}

static int write_results(const struct options *options, const struct job *job,
                         const struct provider *provider, struct error *error)
{
    struct results_writer writer = {.is_json = options->format == RESULTS_NDJSON,
                                    .kept = job->provider.keep,
                                    .states = options->states,
                                    .verification = options->verification};

    if (options->since && state_filter_read_time("--since", options->since, &writer.since_ns, error) != 0)
        return -1;
    struct ledger *ledger = job_ledger_open(job, provider, JOB_LEDGER_READ, NULL, error);
    if (!ledger)
        return -1;
    buffer_init(&writer.out, BLOCK_MAX);
    buffer_init(&writer.cell, BLOCK_MAX);
    writer.reader = json_reader_new();
    if (!writer.is_json) {
        buffer_append_text(
            &writer.out,
            "row,external_id,state,user_id,http_status,code,message,attempts,at,kept,verification,verification_word,verification_reason,verification_at");
        write_kept_names(&writer);
        buffer_append_char(&writer.out, '\n');
    }
    int status = ledger_each_result(ledger, write_customer, &writer, error);
    if (status == 0 && !writer.failed)
        flush(&writer);
    if (status == 0 && writer.failed)
        status = error_set(error, ERROR_USAGE, "cannot write to standard output: %s", strerror(errno));
    json_reader_free(writer.reader);
    buffer_clear(&writer.cell);
    buffer_clear(&writer.out);
    ledger_close(ledger);
    return status;
}

int command_results(const struct options *options)
{
    const struct provider *provider;
    struct error error;
    struct job *job = load_job(options, LOAD_JOB_READ, &provider, &error);
    int status = job ? write_results(options, job, provider, &error) : -1;

    if (status < 0)
        status = output_error(&error);
    job_free(job);
    return status;
}
