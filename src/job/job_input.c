#include <string.h>

#include "job/job_parts.h"
#include "job/job_scalar.h"

enum { MAX_RECORD_DEFAULT = 1 << 20 };

static const char *const format_words[] = {[JOB_FORMAT_CSV] = "csv", [JOB_FORMAT_NDJSON] = "ndjson", NULL};
static const char *const encoding_words[] = {[JOB_ENCODING_UTF8] = "utf-8",
                                             [JOB_ENCODING_LATIN1] = "latin1",
                                             [JOB_ENCODING_WINDOWS1252] = "windows-1252",
                                             NULL};

static int refuse_format(struct job_reader *reader, const struct job_node *value)
{
    return job_keys_fail(reader, value, "NDJSON input is known and not built yet; csv is");
}

static int read_format(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    if (job_scalar_word(reader, value, key, target) != 0)
        return -1;
    const struct job_input *input = target;
    return input->format == JOB_FORMAT_CSV ? 0 : refuse_format(reader, value);
}

static void set_path(struct job_reader *reader, const char *path)
{
    struct job_input *input = &reader->job->input;
    input->paths = arena_alloc(&reader->job->arena, sizeof *input->paths);
    input->paths[0] = path;
    input->path_count = 1;
}

static int read_path(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                     void *target)
{
    (void)key, (void)target;
    const struct job_node *only = value->kind == JOB_NODE_LIST && value->count == 1 ? value->first : value;
    if (only->kind == JOB_NODE_LIST && only->count > 1)
        return job_keys_fail(reader, value,
                             "several inputs in one run are known and not built yet; name one");
    struct slice path;
    if (job_scalar_read(reader, only, &path) != 0)
        return -1;
    if (strpbrk(path.at, "*?["))
        return job_keys_fail(
            reader, only, "`%s`: patterns of file names are known and not built yet; name one file", path.at);
    set_path(reader, slice_is(path, "-") ? path.at : job_scalar_join(reader, path.at));
    reader->job->input.place = only->place;
    return 0;
}

static int read_nulls(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    (void)key;
    struct job_input *input = target;
    if (value->kind != JOB_NODE_LIST)
        return job_keys_fail_kind(reader, value, JOB_NODE_LIST);
    input->null_values = arena_alloc(&reader->job->arena, (value->count + 1) * sizeof *input->null_values);
    input->null_count = 0;
    /* Here `NULL` and `null` without quotes are what the export writes, not YAML's null. */
    for (const struct job_node *item = value->first; item; item = item->next) {
        if (item->kind != JOB_NODE_SCALAR)
            return job_keys_fail_kind(reader, item, JOB_NODE_SCALAR);
        input->null_values[input->null_count++] = item->text;
    }
    return 0;
}

static const struct job_key csv_keys[] = {
    {"delimiter", job_scalar_separator, .offset = offsetof(struct job_input, delimiter)},
    {"quote", job_scalar_separator, .offset = offsetof(struct job_input, quote)},
    {0},
};

static int read_csv(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    const struct job_input *input = target;
    if (job_keys_read(reader, value, csv_keys, key->name, target) != 0)
        return -1;
    if (input->delimiter == input->quote)
        return job_keys_fail(reader, value, "`delimiter` and `quote` cannot be the same character");
    return 0;
}

static const struct job_key input_keys[] = {
    {"path", .read = read_path},
    {"format", read_format, .offset = offsetof(struct job_input, format), .words = format_words},
    {"encoding", job_scalar_word, .offset = offsetof(struct job_input, encoding), .words = encoding_words},
    {"csv", .read = read_csv},
    {"null_values", .read = read_nulls},
    {"max_record", job_scalar_size, .offset = offsetof(struct job_input, max_record), .min = 1,
     .max = 1 << 30},
    {"min_records", job_scalar_uint64, .offset = offsetof(struct job_input, min_records), .max = INT64_MAX},
    {0},
};

void job_input_defaults(struct job *job)
{
    struct slice *empty = arena_alloc(&job->arena, sizeof *empty);
    *empty = SLICE_LITERAL("");
    job->input = (struct job_input){.delimiter = ',',
                                    .quote = '"',
                                    .null_values = empty,
                                    .null_count = 1,
                                    .max_record = MAX_RECORD_DEFAULT,
                                    .min_records = 1};
}

int job_input_read(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                   void *target)
{
    struct job *job = target;
    return job_keys_read(reader, value, input_keys, key->name, &job->input);
}

static bool ends_with(const char *path, size_t len, const char *end)
{
    size_t end_len = strlen(end);
    return len > end_len && memcmp(path + len - end_len, end, end_len) == 0;
}

/* By the name, .gz aside. */
static enum job_format format_of_name(const char *path)
{
    size_t len = strlen(path);
    if (ends_with(path, len, ".gz"))
        len -= 3;
    return ends_with(path, len, ".ndjson") || ends_with(path, len, ".jsonl") ? JOB_FORMAT_NDJSON
                                                                             : JOB_FORMAT_CSV;
}

int job_input_finish(struct job_reader *reader, const struct job_node *top)
{
    const struct job_overrides *overrides = reader->overrides;
    struct job_input *input = &reader->job->input;
    const struct job_node *part = job_yaml_member(top, SLICE_LITERAL("input"));
    if (overrides->input_count > 1)
        return error_set(reader->error, ERROR_USAGE,
                         "several --input in one run are known and not built yet; name one");
    if (overrides->input_count == 1) {
        set_path(reader, arena_copy(&reader->job->arena, slice_from(overrides->inputs[0])).at);
        input->place = (struct job_place){0, 0};
    }
    if (input->path_count == 0)
        return job_keys_fail_at_key(reader, part ? part : top, "`input.path` is missing: which file to read");
    if (part && job_yaml_member(part, SLICE_LITERAL("format")))
        return 0;
    input->format = format_of_name(input->paths[0]);
    if (input->format == JOB_FORMAT_CSV)
        return 0;
    return job_fail(reader->job, input->place, reader->error,
                    "%s: by its name this is NDJSON, which is known and not built yet; if it is CSV, say "
                    "`format: csv`",
                    input->paths[0]);
}
