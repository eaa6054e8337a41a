#include "input/ndjson.h"

#include <assert.h>
#include <stdlib.h>

#include "core/json.h"
#include "core/memory.h"
#include "input/input_fault.h"
#include "input/json_head.h"
#include "input/lines.h"

struct ndjson {
    struct lines lines;
    size_t max_record;
    uint32_t input_index;
    const struct encoding *encoding; /* the job's */
    uint64_t row;                    /* of the last record */
    struct arena names_arena;
};

enum { NAMES_ARENA_CHUNK = 8 * 1024, NAMES_MAX = 256, NAMES_BYTES_MAX = 64 * 1024 };

static void *ndjson_open(const struct job_input *input, uint32_t input_index, struct reader_feed feed)
{
    struct ndjson *ndjson = memory_new(1, sizeof *ndjson);
    lines_init(&ndjson->lines, feed);
    ndjson->lines.lf_only = true;
    ndjson->max_record = input->max_record;
    ndjson->input_index = input_index;
    arena_init(&ndjson->names_arena, NAMES_ARENA_CHUNK);
    ndjson->encoding = &input->encoding;
    return ndjson;
}

static void ndjson_close(void *format)
{
    struct ndjson *ndjson = format;
    lines_clear(&ndjson->lines);
    arena_clear(&ndjson->names_arena);
    free(ndjson);
}

static bool is_noted(const struct reader_header *header, struct slice name)
{
    for (size_t i = 0; i < header->name_count; i++)
        if (slice_equal(header->names[i], name))
            return true;
    return false;
}

static void note_names(struct ndjson *ndjson, struct json_reader *json, struct slice line,
                       struct slice names[NAMES_MAX], struct reader_header *header)
{
    size_t count;
    struct json_fault fault;
    const struct json_node *nodes = json_reader_parse(json, line, &count, &fault);
    if (!nodes || nodes[0].kind != JSON_OBJECT)
        return;
    for (size_t member = 1; member < nodes[0].end; member = nodes[member].end) {
        struct slice name = nodes[member].key;
        header->is_reject_file |= slice_is(name, "kyc_row");
        bool is_odd = name.len && (memchr(name.data, '.', name.len) || memchr(name.data, '[', name.len));
        if (is_odd && header->name_count < NAMES_MAX && !is_noted(header, name))
            names[header->name_count++] = arena_copy(&ndjson->names_arena, name);
    }
}

/* The first line, and those that are at hand with it: nothing is waited for. */
static void read_names(struct ndjson *ndjson, struct reader_header *header)
{
    struct lines *lines = &ndjson->lines;
    struct slice *names = arena_alloc(&ndjson->names_arena, NAMES_MAX * sizeof *names);
    struct json_reader *json = json_reader_new();
    uint64_t number = lines->number;
    struct slice kept, rest;
    struct line line;
    header->names = names;
    lines_keep(lines);
    do {
        if (lines_next(lines, ndjson->max_record, &line) != LINES_ONE)
            break;
        kept = lines_kept(lines);
        note_names(ndjson, json, slice_make(kept.data + kept.len - line.full_len, line.len), names, header);
        rest = slice_skip(lines_rest(lines), kept.len);
        assert(rest.data && "behind a line that was read");
    } while (kept.len < NAMES_BYTES_MAX && rest.len && memchr(rest.data, '\n', rest.len));
    lines_back(lines, 0, number);
    json_reader_free(json);
}

static int ndjson_header(void *format, const char *name, struct reader_header *header, struct error *error)
{
    struct ndjson *ndjson = format;
    *header = (struct reader_header){0};
    bool marked = lines_pass(&ndjson->lines, READER_MARK);
    header->is_empty = lines_are_empty(&ndjson->lines);
    if (marked && !encoding_is_utf8(ndjson->encoding))
        return input_fault_mark(ndjson->encoding, name, error);
    if (json_head_check(&ndjson->lines, JOB_FORMAT_NDJSON, ndjson->max_record, name, error) != 0)
        return -1;
    read_names(ndjson, header);
    return 0;
}

static bool is_blank(struct slice line)
{
    size_t offset = 0;
    while (offset < line.len &&
           (line.data[offset] == ' ' || line.data[offset] == '\t' || line.data[offset] == '\r'))
        offset++;
    return offset == line.len;
}

/* The next record of the batch; its text is copied, with the padding that a JSON reader may read. */
static struct record *add_record(struct ndjson *ndjson, struct batch *batch, uint64_t line, struct slice text)
{
    struct record *record = &batch->records[batch->count++];
    char *raw = arena_bytes(&batch->arena, text.len + JSON_PADDING);
    memcpy(raw, text.data, text.len);
    memset(raw + text.len, 0, JSON_PADDING);
    batch->bytes += text.len;
    *record = (struct record){
        .input = ndjson->input_index,
        .row = ++ndjson->row,
        .line = line,
        .raw = slice_make(raw, text.len),
    };
    return record;
}

static void set_fault(struct record *record, const char *rule, struct slice message)
{
    record->fault = rule;
    record->fault_message = message;
    record->rejected = true;
}

/* False when the feed broke off within the line. */
static bool add_long_line(struct ndjson *ndjson, struct batch *batch)
{
    struct slice start = lines_rest(&ndjson->lines);
    assert(start.data && start.len > ndjson->max_record);
    start.len = ndjson->max_record;
    struct record *record = add_record(ndjson, batch, ndjson->lines.number, start);
    uint64_t len = 0;
    if (lines_skip_long(&ndjson->lines, &len) == LINES_CUT) {
        set_fault(record, RULE_CUT, SLICE_LITERAL(INPUT_FAULT_CUT));
        return false;
    }
    set_fault(record, RULE_TOO_LONG, input_fault_long_line(&batch->arena, len, ndjson->max_record));
    return true;
}

static void add_cut(struct ndjson *ndjson, struct batch *batch)
{
    struct slice rest = lines_rest(&ndjson->lines);
    if (rest.len == 0 || is_blank(rest))
        return;
    set_fault(add_record(ndjson, batch, ndjson->lines.number, rest), RULE_CUT,
              SLICE_LITERAL(INPUT_FAULT_CUT));
    lines_drop_rest(&ndjson->lines);
}

/* Whether a record of so many bytes still fits: a larger one travels alone. */
static bool has_capacity(const struct batch *batch, size_t len)
{
    return batch->count == 0 || batch->bytes + len <= BATCH_BYTES_MAX;
}

static enum reader_result ndjson_fill(void *format, struct batch *batch)
{
    struct ndjson *ndjson = format;
    struct lines *lines = &ndjson->lines;
    struct line line;
    while (batch->count < BATCH_RECORDS_MAX) {
        uint64_t number = lines->number;
        lines_keep(lines);
        switch (lines_next(lines, ndjson->max_record, &line)) {
        case LINES_ONE: {
            struct slice text = slice_make(lines_kept(lines).data, line.len);
            assert(text.data && "a line that was read");
            bool is_end_mark = line.full_len == 1 && text.data[0] == '\x1a'; /* Ctrl-Z, as DOS ends a text */
            if (is_blank(text) || is_end_mark)
                break;
            if (!has_capacity(batch, line.len)) {
                lines_back(lines, 0, number);
                return READER_MORE;
            }
            add_record(ndjson, batch, number, text);
            break;
        }
        case LINES_LONG:
            if (!has_capacity(batch, ndjson->max_record))
                return READER_MORE;
            if (!add_long_line(ndjson, batch))
                return READER_CUT;
            break;
        case LINES_END:
            return READER_END;
        case LINES_CUT:
            if (!has_capacity(batch, lines_rest(lines).len))
                return READER_MORE;
            add_cut(ndjson, batch);
            return READER_CUT;
        }
    }
    return READER_MORE;
}

static size_t ndjson_unread(const void *format)
{
    const struct ndjson *ndjson = format;
    return ndjson->lines.len - ndjson->lines.next;
}

const struct reader_ops ndjson_ops = {
    .open = ndjson_open,
    .close = ndjson_close,
    .header = ndjson_header,
    .fill = ndjson_fill,
    .unread = ndjson_unread,
};
