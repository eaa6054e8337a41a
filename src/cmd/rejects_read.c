#include "cmd/rejects_read.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/memory.h"
#include "input/source.h"
#include "job/job_auto.h"
#include "rules/rule_worker.h"

enum { BLOCK_SIZE = 256 * 1024, RECORD_MAX = 1 << 30, ADDED_COUNT = 5, NAMES_ARENA_CHUNK = 4096 };

static const char *const added_names[ADDED_COUNT] = {"kyc_input", "kyc_row", "kyc_line", "kyc_verdicts",
                                                     "kyc_message"};

struct rejects_file {
    struct job_input input; /* the job's, but for the path */
    const char *path;
    struct source *source;
    struct reader *reader;
    bool is_begun; /* the first block was read */
    struct rule_set *rules;
    struct rule_worker *worker;
    struct json_reader *json; /* NDJSON */
    struct arena names;       /* NDJSON: of list_columns */
    struct batch *batch;
    size_t next; /* record of the batch */
    bool is_filled;
    enum reader_result result;
    size_t added_columns[ADDED_COUNT]; /* CSV: SIZE_MAX: missing */
    size_t source_count;               /* CSV: the columns before the first added one */
    struct error read_error;
    char block[BLOCK_SIZE];
};

/* A line that is a record comes before the lines of NDJSON: a broken one may look like the start of a file
 * that is no NDJSON at all. */
static const struct slice first_line = SLICE_LITERAL("{}\n");

static int next_block(void *context, struct slice *bytes)
{
    struct rejects_file *file = context;

    if (!file->is_begun && file->input.format == JOB_FORMAT_NDJSON) {
        file->is_begun = true;
        *bytes = first_line;
        return 1;
    }
    ptrdiff_t len = source_read(file->source, file->block, sizeof file->block, &file->read_error);
    if (len <= 0)
        return (int)len;
    *bytes = slice_make(file->block, (size_t)len);
    return 1;
}

static void find_added_columns(struct rejects_file *file, const struct reader_header *header)
{
    file->source_count = header->column_count;
    for (size_t name = 0; name < ADDED_COUNT; name++) {
        file->added_columns[name] = SIZE_MAX;
        for (size_t i = 0; i < header->column_count; i++)
            if (slice_is(header->columns[i], added_names[name]))
                file->added_columns[name] = i;
        if (file->added_columns[name] < file->source_count)
            file->source_count = file->added_columns[name];
    }
}

/* Of NDJSON every column of the job: the input had them, or the run had ended with an error, and the first
 * rejected records need not have them. */
static void list_columns(struct rejects_file *file, const struct job *job, struct reader_header *header)
{
    size_t count = job->input.where_count;
    for (size_t i = 0; i < job->mapping_count; i++)
        count += job->mappings[i].column_count;
    struct slice *names = arena_alloc(&file->names, count * sizeof *names);
    header->names = names;
    for (size_t i = 0; i < job->mapping_count; i++)
        for (size_t k = 0; k < job->mappings[i].column_count; k++)
            *names++ = slice_from(job->mappings[i].columns[k].name);
    for (size_t i = 0; i < job->input.where_count; i++)
        *names++ = slice_from(job->input.where[i].column.name);
    header->name_count = count;
}

static int open_reader(struct rejects_file *file, struct job *job, const struct provider *provider,
                       struct error *error)
{
    int32_t today = (int32_t)(clock_real_ns() / CLOCK_NS_PER_S / 86400);
    struct reader_header header;

    file->source = source_open(file->path, error);
    if (!file->source)
        return -1;
    file->reader = reader_new(&file->input, 0, (struct reader_feed){next_block, file});
    if (reader_header(file->reader, file->path, &header, error) != 0) {
        if (error->scope == ERROR_NONE)
            *error = file->read_error;
        return -1;
    }
    find_added_columns(file, &header);
    if (job_auto_match(job, provider->fields, header.columns, header.column_count, error) != 0)
        return -1;
    if (file->input.format == JOB_FORMAT_NDJSON)
        list_columns(file, job, &header);
    file->rules = rule_set_new(job, provider->fields, header.names, header.name_count, today, error);
    if (!file->rules)
        return -1;
    file->worker = rule_worker_new(file->rules);
    return 0;
}

struct rejects_file *rejects_file_open(struct job *job, const struct provider *provider, const char *path,
                                       bool is_broken, struct error *error)
{
    struct rejects_file *file = memory_new(1, sizeof *file);

    file->path = path;
    file->input = job->input;
    file->input.paths = &file->path;
    file->input.path_count = 1;
    file->input.skip_footer = 0;
    if (!is_broken)
        file->input.max_record = RECORD_MAX; /* the added columns make a row longer */
    file->batch = batch_new();
    file->json = json_reader_new();
    arena_init(&file->names, NAMES_ARENA_CHUNK);
    *error = (struct error){0};
    if (open_reader(file, job, provider, error) == 0)
        return file;
    rejects_file_close(file);
    return NULL;
}

void rejects_file_close(struct rejects_file *file)
{
    if (!file)
        return;
    rule_worker_free(file->worker);
    rule_set_free(file->rules);
    json_reader_free(file->json);
    batch_free(file->batch);
    arena_clear(&file->names);
    reader_free(file->reader);
    source_close(file->source);
    free(file);
}

static void set_added(struct rejects_added *added, size_t name, struct slice text)
{
    struct slice *const members[ADDED_COUNT] = {&added->input, &added->row, &added->line, &added->verdicts,
                                                &added->messages};

    *members[name] = text;
}

static void read_added_cells(struct rejects_file *file, struct record *record, struct rejects_added *added)
{
    for (size_t name = 0; name < ADDED_COUNT; name++) {
        size_t column = file->added_columns[name];
        struct slice text;
        if (column < record->cell_count &&
            encoding_decode(&file->input.encoding, record->cells[column], &file->batch->arena, &text))
            set_added(added, name, text);
    }
    /* What was added quotes the values: a message is masked by the source alone. */
    if (record->cell_count > file->source_count)
        record->cell_count = file->source_count;
}

static void read_added_members(struct rejects_file *file, struct record *record, struct rejects_added *added)
{
    struct json_fault fault;
    size_t count;
    const struct json_node *nodes = json_reader_parse(file->json, record->raw, &count, &fault);

    for (size_t name = 0; nodes && name < ADDED_COUNT; name++) {
        size_t member = json_member(nodes, 0, added_names[name]);
        if (member)
            set_added(added, name, nodes[member].text);
    }
    record->raw = slice_make(NULL, 0);
}

int rejects_file_next(struct rejects_file *file, struct found_record *found, struct rejects_added *added,
                      struct error *error)
{
    while (file->next == file->batch->count) {
        if (file->result == READER_END)
            return 0;
        if (file->result == READER_CUT) {
            *error = file->read_error;
            return -1;
        }
        batch_reset(file->batch);
        file->result = reader_fill(file->reader, file->batch);
        file->next = file->is_filled || file->input.format != JOB_FORMAT_NDJSON ? 0 : 1; /* first_line */
        file->is_filled = true;
    }
    struct record *record = &file->batch->records[file->next++];
    if (file->input.format == JOB_FORMAT_NDJSON)
        record->line--; /* first_line */
    rule_worker_validate(file->worker, record, &file->batch->arena);
    *added = (struct rejects_added){.row = SLICE_LITERAL("?"), .line = SLICE_LITERAL("?")};
    if (!record->fault && file->input.format == JOB_FORMAT_NDJSON)
        read_added_members(file, record, added);
    else if (!record->fault)
        read_added_cells(file, record, added);
    if (record->values) /* explain shows the key; a report does not */
        record->values[FIELD_EXTERNAL_ID].state = VALUE_FAILED;
    *found = (struct found_record){.record = record, .rules = file->rules, .arena = &file->batch->arena};
    return 1;
}
