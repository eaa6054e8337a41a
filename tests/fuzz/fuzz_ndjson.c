/* Any bytes as an NDJSON export, read and validated: a line of any length, kind and depth, in blocks of any
 * length.
 *
 * The first byte is the block length, the second the end, the limit, the encoding and the paths: plain ones,
 * or into wrappers and the elements of arrays.
 */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json_typed.h"
#include "core/log.h"
#include "core/utf8.h"
#include "unit/input/reading.h"
#include "unit/rules/fixture.h"

enum { CHOICES = 2, OUT_MAX = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { PATHS = 10 };
struct path {
    enum field_id field;
    const char *path;
};

static const struct path plain_paths[PATHS] = {
    {FIELD_EXTERNAL_ID, "id"},     {FIELD_LAST_NAME, "name"}, {FIELD_CITY, "a.b"},
    {FIELD_NATIONALITIES, "tags"}, {FIELD_EMAIL, "list[0]"},  {FIELD_PHONE, "a.c[1].d"},
    {FIELD_TOS_VERSION, "n"},      {FIELD_PEP_STATUS, "t"},   {FIELD_EMPLOYER_NAME, "a"},
    {FIELD_TAX_ID, "tax"},
};

/* Into wrappers and the elements of arrays. */
static const struct path typed_paths[PATHS] = {
    {FIELD_EXTERNAL_ID, "_id"},       {FIELD_LAST_NAME, "Item.n"}, {FIELD_CITY, "Item.a.b"},
    {FIELD_NATIONALITIES, "Item.l"},  {FIELD_DATE_OF_BIRTH, "d"},  {FIELD_PHONE, "d.$date"},
    {FIELD_TAX_COUNTRY, "t[*].c"},    {FIELD_TAX_ID, "t[*].id"},   {FIELD_EMPLOYER_NAME, "t[0]"},
    {FIELD_TOS_VERSION, "Item.l[1]"},
};

static struct fixture *fixture_of(const struct encoding *encoding, const struct path paths[PATHS])
{
    struct fixture *fixture = fixture_new();

    fixture->job.input.format = JOB_FORMAT_NDJSON;
    fixture->job.input.encoding = *encoding;
    /* What begins with `-` there is skipped. */
    static struct job_where where[] = {{{"a.b", {0, 0}}, "^-", {0, 0}, false},
                                       {{"s", {0, 0}}, "^-", {0, 0}, false}};
    fixture->job.input.where = where;
    fixture->job.input.where_count = 2;
    for (size_t i = 0; i < PATHS; i++)
        fixture_map(fixture, paths[i].field, "")->columns->name = paths[i].path;
    if (!fixture_build(fixture))
        abort();
    return fixture;
}

/* Without a wrapper, every value is what it was. */
static void check_unwrapping(struct json_reader *json, struct slice line)
{
    size_t count;
    bool repaired, has_wrapper = false;
    struct json_fault fault;
    const struct json_node *nodes = json_reader_parse_lenient(json, line, &count, &repaired, &fault);

    bool is_dynamodb = nodes && json_typed_is_dynamodb(nodes);
    for (size_t i = 0; nodes && i < count; i++)
        has_wrapper |= nodes[i].key.len > 0 && nodes[i].key.data[0] == '$';
    for (size_t i = 0; nodes && i < count; i++) {
        struct json_typed typed = json_typed_unwrap(nodes, i, is_dynamodb);
        assert(typed.index >= i && typed.index < nodes[i].end);
        assert(has_wrapper || is_dynamodb || (typed.index == i && typed.form == JSON_TYPED_PLAIN));
    }
}

/* The result of a record as a text; checks that all its texts are UTF-8. */
static void add_judged(struct buffer *out, const struct record *record)
{
    buffer_printf(out, "%llu@%llu %s", (unsigned long long)record->row, (unsigned long long)record->line,
                  record->fault ? record->fault : "-");
    for (size_t i = 0; i < record->verdict_count; i++) {
        const struct verdict *verdict = &record->verdicts[i];
        assert(utf8_is_valid(verdict->message));
        assert(verdict->level != VERDICT_REJECT || record->rejected);
        buffer_printf(out, " %s/%s", field_name(verdict->field), verdict->rule);
    }
    if (record->skipped) {
        assert(!record->fault && !record->rejected && record->verdict_count == 0 && !record->values);
        buffer_printf(out, " skipped by %u\n", record->skipped_by);
        return;
    }
    for (size_t i = 0; !record->fault && i < FIELD_COUNT; i++) {
        const struct value *value = &record->values[i];
        assert(value->state != VALUE_PRESENT || (value->text.len && utf8_is_valid(value->text)));
        if (value->state == VALUE_PRESENT) {
            buffer_append_char(out, '|');
            buffer_append(out, value->text);
        }
    }
    buffer_append_char(out, '\n');
}

static void run(struct fixture *fixture, struct slice text, size_t block_len, int end, struct buffer *out)
{
    struct reading_feed feed = {.rest = text, .block_len = block_len, .end = end};
    struct reader *reader = reader_new(&fixture->job.input, 0, (struct reader_feed){reading_next, &feed});
    struct batch *batch = batch_new();
    struct reader_header header;
    struct error error = {0};
    enum reader_result result = READER_MORE;
    struct json_reader *json = json_reader_new();
    uint64_t row = 0;

    buffer_init(out, OUT_MAX);
    if (reader_header(reader, "in.ndjson", &header, &error) != 0)
        result = READER_END;
    while (result == READER_MORE) {
        batch_reset(batch);
        result = reader_fill(reader, batch);
        assert(result != READER_MORE || batch->count > 0);
        for (size_t i = 0; i < batch->count; i++) {
            row++;
            assert(batch->records[i].row == row);
            check_unwrapping(json, batch->records[i].raw);
            rule_worker_validate(fixture->worker, &batch->records[i], &batch->arena);
            add_judged(out, &batch->records[i]);
        }
    }
    batch_free(batch);
    json_reader_free(json);
    reader_free(reader);
    free(feed.block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const size_t limits[] = {16, 64, 1000, 1 << 20};
    static struct fixture *fixtures[6];
    struct buffer whole, pieces;

    log_setup("fuzz", LOG_ERROR, false);
    static const struct encoding *const encodings[] = {&encoding_utf8, &encoding_latin1,
                                                       &encoding_windows1252};
    for (size_t i = 0; !fixtures[5] && i < 6; i++)
        fixtures[i] = fixture_of(encodings[i % 3], i < 3 ? plain_paths : typed_paths);
    if (len < CHOICES)
        return 0;
    struct fixture *fixture = fixtures[(data[1] >> 3) % 6];
    struct slice text = slice_make((const char *)data + CHOICES, len - CHOICES);
    int end = data[1] & 1 ? -1 : 0;
    fixture->job.input.max_record = limits[data[1] >> 1 & 3];
    run(fixture, text, text.len ? text.len : 1, end, &whole);
    run(fixture, text, 1 + (size_t)data[0], end, &pieces);
    assert(slice_equal(buffer_slice(&whole), buffer_slice(&pieces)));
    buffer_clear(&whole);
    buffer_clear(&pieces);
    return 0;
}
