/* Any bytes as the settings of a field's source and as the cells of a row.
 *
 * A job is refused with a message, or each value that it makes is UTF-8 without damage, and so is each
 * message. Without a match the first column with a value gives what it gives alone, and so does a match that
 * puts everything back. Parts are separated by 0x1e: pattern, replacement, join, default, then three cells;
 * the first byte chooses the field, the second what is set.
 */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/utf8.h"
#include "unit/rules/fixture.h"

enum { PART_SEPARATOR = 0x1e, CELLS = 3 };
enum part { PATTERN, REPLACEMENT, JOIN, DEFAULT, FIRST_CELL, PARTS = FIRST_CELL + CELLS };
enum { SETS_MATCH = 1, SETS_REPLACE = 2, SETS_JOIN = 4, SETS_DEFAULT = 8, UNMATCHED_BITS = 4 };

static const enum field_id fields[] = {FIELD_CITY,          FIELD_EMAIL,   FIELD_PHONE, FIELD_NATIONALITIES,
                                       FIELD_DATE_OF_BIRTH, FIELD_COUNTRY, FIELD_STATE, FIELD_OCCUPATION};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A field of some columns; the caller sets what else its mapping has. */
static struct job_mapping *map_field(struct fixture *fixture, enum field_id field, size_t column_count)
{
    static struct job_column columns[CELLS] = {{"a", {0, 0}}, {"b", {0, 0}}, {"c", {0, 0}}};
    struct job_mapping *mapping = fixture_map(fixture, field, "");
    fixture->column_count = 0;
    mapping->columns = columns;
    mapping->column_count = column_count;
    mapping->split = field == FIELD_NATIONALITIES ? ";" : NULL;
    for (size_t i = 0; i < CELLS; i++)
        fixture->columns[fixture->column_count++] = slice_from(columns[i].name);
    return mapping;
}

/* The value of the field; its texts are checked. */
static struct value judge(struct fixture *fixture, enum field_id field, const struct slice cells[CELLS])
{
    for (size_t i = 0; i < CELLS; i++)
        fixture->cells[i] = cells[i];
    fixture_validate(fixture);
    for (size_t i = 0; i < fixture->record.verdict_count; i++) {
        const struct verdict *verdict = &fixture->record.verdicts[i];
        assert(verdict->message.len && utf8_is_valid(verdict->message));
        assert(verdict->level != VERDICT_REJECT || fixture->record.rejected);
    }
    struct value value = fixture->record.values[field];
    uint32_t damage;
    if (value.state == VALUE_PRESENT)
        assert(value.text.len && text_find_damage(value.text, &damage) == value.text.len);
    return value;
}

static bool is_same(struct value a, struct value b)
{
    return a.state == b.state && (a.state != VALUE_PRESENT || slice_equal(a.text, b.text));
}

/* Several columns give what the first with a value gives alone; a match that keeps everything changes
 * nothing. */
static void check_plain(enum field_id field, const struct slice cells[CELLS])
{
    struct fixture *alone = fixture_new(), *several = fixture_new(), *kept = fixture_new();
    struct value expected = {{NULL, 0}, VALUE_ABSENT};
    map_field(alone, field, 1);
    map_field(several, field, CELLS);
    struct job_mapping *mapping = map_field(kept, field, CELLS);
    mapping->match = "(?s)(.*)";
    mapping->replace = "$1";
    for (size_t i = 0; i < CELLS && expected.state == VALUE_ABSENT; i++)
        expected = judge(alone, field, (const struct slice[CELLS]){cells[i]});
    assert(is_same(judge(several, field, cells), expected));
    assert(is_same(judge(kept, field, cells), expected));
    fixture_free(alone);
    fixture_free(several);
    fixture_free(kept);
}

/* The parts with a NUL behind each, and their lengths. Owner: the caller. */
static char *split(struct slice rest, struct slice parts[PARTS])
{
    char *bytes = memory_new(rest.len + PARTS + 1, 1), *to = bytes;
    for (size_t i = 0; i < PARTS; i++) {
        const char *end = rest.len ? memchr(rest.data, PART_SEPARATOR, rest.len) : NULL;
        size_t len = end ? (size_t)(end - rest.data) : rest.len;
        if (len)
            memcpy(to, rest.data, len);
        parts[i] = slice_make(to, len);
        to += len + 1;
        rest = end ? slice_skip(rest, len + 1) : slice_make("", 0);
    }
    return bytes;
}

/* The texts of a job file are UTF-8 without NUL. */
static bool may_be_of_job(struct slice text)
{
    return utf8_is_valid(text) && !memchr(text.data, '\0', text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice parts[PARTS];
    log_setup("fuzz", LOG_ERROR, false);
    if (len < 2)
        return 0;
    enum field_id field = fields[data[0] % (sizeof fields / sizeof *fields)];
    unsigned settings = data[1];
    char *bytes = split(slice_make((const char *)data + 2, len - 2), parts);
    for (size_t i = 0; i < FIRST_CELL; i++)
        if (!may_be_of_job(parts[i]))
            settings &= ~(1U << i);
    struct fixture *fixture = fixture_new();
    struct job_mapping *mapping = map_field(fixture, field, CELLS);
    if (settings & SETS_MATCH && parts[PATTERN].len > 0) {
        mapping->match = parts[PATTERN].data;
        mapping->replace = settings & SETS_REPLACE ? parts[REPLACEMENT].data : NULL;
        mapping->unmatched = (enum job_unmatched)(settings >> UNMATCHED_BITS & 3U) % 3;
    }
    mapping->join = settings & SETS_JOIN ? parts[JOIN].data : NULL;
    mapping->fallback = settings & SETS_DEFAULT && parts[DEFAULT].len > 0 ? parts[DEFAULT].data : NULL;
    if (fixture_build(fixture))
        judge(fixture, field, &parts[FIRST_CELL]);
    else
        assert(fixture->error.scope == ERROR_USAGE && fixture->error.text[0]);
    fixture_free(fixture);
    check_plain(field, &parts[FIRST_CELL]);
    free(bytes);
    return 0;
}
