#include <stdlib.h>
#include <string.h>

#include "job/job_parts.h"
#include "job/job_paths.h"
#include "job/job_scalar.h"

static const char *const format_words[] = {[JOB_FORMAT_CSV] = "csv", [JOB_FORMAT_NDJSON] = "ndjson", NULL};
static const char *const guard_words[] = {"keep", "strip", NULL};

static int read_encoding(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                         void *target)
{
    (void)key;
    struct job_input *input = target;
    struct slice name;
    if (job_scalar_read(reader, value, &name) != 0)
        return -1;
    enum encoding_found found = encoding_find(name.data, &reader->job->arena, &input->encoding);
    if (found == ENCODING_FOUND)
        return 0;
    if (!encoding_is_safe_name(name.data))
        return job_keys_fail(
            reader, value,
            "`%s` is not an encoding\nhint: write one such as utf-8, windows-1250, iso-8859-2, shift_jis or utf-16",
            name.data);
    const char *why = found == ENCODING_UNREADABLE
                          ? "cannot be read as it is: its bytes below 0x80 are not always ASCII"
                          : "is not known";
    return job_keys_fail(
        reader, value,
        "`encoding: %s` %s\nhint: leave `input.encoding` out and convert the file first: iconv -f %s -t UTF-8 FILE (iconv -l lists the names)",
        name.data, why, name.data);
}

static int read_path(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                     void *target)
{
    (void)key, (void)target;
    const struct job_node *first = value;
    if (value->kind == JOB_NODE_LIST) {
        first = value->first;
        if (!first)
            return job_keys_fail(reader, value, "`path` is an empty list\nhint: name a file to read");
    }
    reader->job->input.place = first->place;
    for (const struct job_node *item = first; item; item = item == value ? NULL : item->next) {
        struct slice path;
        if (job_scalar_read(reader, item, &path) != 0)
            return -1;
        if (reader->overrides->input_count == 0)
            job_paths_add(reader->job, slice_is(path, "-") ? path.data : job_scalar_join(reader, path.data));
    }
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

/* `keep` is the default: what a spreadsheet put around a value stays, with a warning. */
static int read_guards(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    struct job_input *input = target;
    int index = 0;
    const struct job_key word = {.name = key->name, .words = guard_words};
    if (job_scalar_word(reader, value, &word, &index) != 0)
        return -1;
    input->strips_guards = index == 1;
    return 0;
}

const struct job_key job_input_keys[] = {
    {"path", .read = read_path, .form = "path, list of paths, pattern with *, or -", .absent = "required",
     .help = "the file to read, gzipped or not; - is standard input",
     .example = "exports/customers-*.csv.gz"},
    {"format", job_scalar_word, .offset = offsetof(struct job_input, format), .words = format_words,
     .absent = "ndjson of files *.ndjson and *.jsonl, also with .gz; csv of all others",
     .help = "the format of the input", .example = "ndjson"},
    {"encoding", .read = read_encoding, .form = "name of an encoding", .standard = "utf-8",
     .help = "the encoding of the text; nothing is replaced: damaged text rejects its field",
     .example = "windows-1252"},
    {"csv", .read = job_csv_read, .keys = job_csv_keys, .form = "mapping",
     .absent = "the defaults of its settings", .help = "how the cells of a CSV file are written"},
    {"spreadsheet_guards", .read = read_guards, .form = "keep or strip", .standard = "keep",
     .help =
         "what becomes of an apostrophe before a value, or =\"…\" around it: keep leaves it, with the warning FIELD/guard",
     .example = "strip"},
    {"null_values", .read = read_nulls, .form = "list of texts", .standard = "[\"\"]",
     .help = "the values that mean no value, as written, in every column; with csv.escape also \\N",
     .example = "[\"\", NULL, n/a]"},
    {"where", .read = job_where_read, .items = job_where_keys, .form = "list of conditions",
     .absent = "every record",
     .help = "the records to import: those for which all conditions hold; others are counted as skipped",
     .example = "[{column: status, must_match: '^active$'}]"},
    {"max_record", job_scalar_size, .offset = offsetof(struct job_input, max_record), .min = 1,
     .max = 1 << 30, .standard = "1MiB",
     .help = "the longest record; a longer one is rejected as record/too_long", .example = "4MiB"},
    {"min_records", job_scalar_uint64, .offset = offsetof(struct job_input, min_records), .max = INT64_MAX,
     .standard = "1",
     .help = "with fewer records the exit status is 3: an export that is nearly empty has usually failed",
     .example = "1000"},
    {0},
};

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

/* Standard input has no name, so it has the format of the others. */
static int find_format(struct job_reader *reader)
{
    struct job_input *input = &reader->job->input;
    const char *first = NULL;
    for (size_t i = 0; i < input->path_count; i++) {
        const char *path = input->paths[i];
        if (strcmp(path, "-") == 0)
            continue;
        if (first && format_of_name(path) != format_of_name(first))
            return job_fail(
                reader->job, input->place, reader->error,
                "by their names %s is %s and %s is %s, but the inputs of one run have one format\nhint: if the names mislead, set input.format",
                first, format_words[format_of_name(first)], path, format_words[format_of_name(path)]);
        if (!first)
            first = path;
    }
    input->format = first ? format_of_name(first) : JOB_FORMAT_CSV;
    return 0;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A file that is read twice would be full of repeats, and standard input cannot be. */
static int check_repeats(struct job_reader *reader)
{
    const struct job_input *input = &reader->job->input;
    size_t len = input->path_count * sizeof *input->paths;
    const char **sorted = arena_alloc(&reader->job->arena, len);
    memcpy(sorted, input->paths, len);
    qsort(sorted, input->path_count, sizeof *sorted, compare_paths);
    for (size_t i = 1; i < input->path_count; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return job_fail(reader->job, input->place, reader->error, "the input %s is named twice",
                            strcmp(sorted[i], "-") == 0 ? "`-` (standard input)" : sorted[i]);
    return 0;
}

/* A later byte of a character must not be taken for one of them. */
static int check_separator(struct job_reader *reader, const struct job_node *part, const char *name,
                           char byte)
{
    const struct job_input *input = &reader->job->input;
    if (!encoding_has_trail(&input->encoding, byte))
        return 0;
    const struct job_node *csv = part ? job_yaml_member(part, SLICE_LITERAL("csv")) : NULL;
    const struct job_node *value = csv ? job_yaml_member(csv, slice_from(name)) : NULL;
    return job_fail(
        reader->job, value ? value->place : input->place, reader->error,
        "`%s: %c` cannot be found in %s, where the same byte is the second half of other characters\nhint: convert the file first: iconv -f %s -t UTF-8 FILE, and leave `input.encoding` out",
        name, byte, encoding_name(&input->encoding), encoding_name(&input->encoding));
}

static int check_encoding(struct job_reader *reader, const struct job_node *part)
{
    const struct job_input *input = &reader->job->input;
    if (input->format == JOB_FORMAT_CSV &&
        (check_separator(reader, part, "delimiter", input->delimiter) != 0 ||
         check_separator(reader, part, "quote", input->quote) != 0 ||
         (input->escape && check_separator(reader, part, "escape", input->escape) != 0)))
        return -1;
    if (input->format == JOB_FORMAT_CSV || encoding_is_utf8(&input->encoding))
        return 0;
    const struct job_node *encoding = part ? job_yaml_member(part, SLICE_LITERAL("encoding")) : NULL;
    return job_fail(
        reader->job, encoding ? encoding->place : input->place, reader->error,
        "NDJSON is utf-8, utf-16 or utf-32, so `encoding` cannot be %s\nhint: leave `input.encoding` out and convert the file first: iconv -f %s -t UTF-8 FILE",
        encoding_name(&input->encoding), encoding_name(&input->encoding));
}

int job_input_finish(struct job_reader *reader, const struct job_node *top)
{
    const struct job_overrides *overrides = reader->overrides;
    struct job_input *input = &reader->job->input;
    const struct job_node *part = job_yaml_member(top, SLICE_LITERAL("input"));
    for (size_t i = 0; i < overrides->input_count; i++) {
        job_paths_add(reader->job, overrides->inputs[i]);
        input->place = (struct job_place){0, 0};
    }
    if (input->path_count == 0)
        return job_keys_fail_at_key(reader, part ? part : top,
                                    "`input.path` is missing\nhint: name the file to read");
    bool is_said = part && job_yaml_member(part, SLICE_LITERAL("format"));
    if (check_repeats(reader) != 0 || (!is_said && find_format(reader) != 0))
        return -1;
    if (check_encoding(reader, part) != 0)
        return -1;
    return job_csv_finish(reader, part);
}
