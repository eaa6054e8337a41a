#include "cmd/task_result.h"

#include "cmd/open_tasks.h"
#include "cmd/output.h"

enum { RESULT_MAX = 1 << 24 };

static int record(const struct task_result *result, int status, struct buffer *summary)
{
    struct json_writer json;
    struct error error;

    json_write_begin(&json, summary);
    json_write_object(&json);
    result->write_members(result->counts, &json);
    json_write_object_end(&json);
    /* A ledger that has failed for good was reported, and takes nothing more. */
    if (!ledger_has_failed(result->series->ledger) &&
        job_series_finish(result->series, status, buffer_slice(summary), &error) != 0)
        status = error_worse_status(status, output_error(&error));
    return status;
}

static int print(const struct task_result *result, int status)
{
    const struct options *options = result->options;
    struct json_writer json;
    struct buffer out;
    struct error error;

    buffer_init(&out, RESULT_MAX);
    json_write_begin(&json, &out);
    if (options->json) {
        json_write_object(&json);
        result->write_members(result->counts, &json);
        if (result->file)
            json_write_member(&json, "file", slice_from(result->file));
    } else {
        result->describe(result, &out);
    }
    if (!ledger_has_failed(result->series->ledger) &&
        open_tasks_write(result->series->ledger, result->kind, result->started_ns, &out,
                         options->json ? &json : NULL, &error) != 0)
        status = error_worse_status(status, output_error(&error));
    if (options->json) {
        json_write_object_end(&json);
        buffer_append_char(&out, '\n');
    }
    if (options->json || !options->quiet || status != 0)
        status = output_result(buffer_slice(&out), status);
    buffer_clear(&out);
    return status;
}

int task_result_finish(const struct task_result *result, int status, struct buffer *summary)
{
    return print(result, record(result, status, summary));
}
