/* Any bytes as the cells of a row, validated by a job that reads a field of every type.
 *
 * A normal form normalizes to itself, is UTF-8, and messages are UTF-8. A record whose city begins with `-`
 * is skipped, and nothing else is done with it. Cells are separated by 0x1e; the first byte chooses the
 * encoding and the job's date format.
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

enum { CELL_SEPARATOR = 0x1e, SPLIT = '|' };

static const enum field_id fields[] = {
    FIELD_EMAIL,       FIELD_PHONE,         FIELD_DATE_OF_BIRTH,   FIELD_COUNTRY,  FIELD_STATE,
    FIELD_POSTAL_CODE, FIELD_NATIONALITIES, FIELD_TAX_ID,          FIELD_LANGUAGE, FIELD_OCCUPATION,
    FIELD_PEP_STATUS,  FIELD_TOS_VERSION,   FIELD_NATIONAL_ID,     FIELD_CITY,     FIELD_EMPLOYER_NAME,
    FIELD_EXTERNAL_ID, FIELD_LAST_NAME,     FIELD_DOCUMENT_EXPIRY,
};
static const char *const encodings[] = {"utf-8",     "latin1", "windows-1252", "windows-1250",
                                        "shift_jis", "euc-jp", "gb18030",      "macintosh"};

enum { FIELDS = sizeof fields / sizeof *fields, ENCODINGS = sizeof encodings / sizeof *encodings };

/* The date formats: of the birth date, then of the document's. */
static const struct {
    const char *formats[4], *zone, *locale;
    uint32_t century;
    bool drops_time;
} dates[][2] = {
    {{.formats = {"DD/MM/YYYY"}}, {.formats = {NULL}}},
    {{.zone = "Europe/Berlin"}, {.formats = {"M/D/YYYY h:mm:ss A"}, .zone = "America/Sao_Paulo"}},
    {{.formats = {"YYYY-DD-MM"}}, {.formats = {"DD.MM.YYYY HH:mm:ss.SSS Z"}, .zone = "America/St_Johns"}},
    {{.drops_time = true}, {.formats = {"YYYYMMDD HHmmss"}, .drops_time = true}},
    {{.formats = {"D MMM YY", "MMMM D, YYYY", "DD.MMM.YYYY"}, .century = 1930},
     {.formats = {"D. MMMM YYYY", "excel"}, .locale = "de"}},
    {{.formats = {"unix", "excel", "unix_ms"}, .zone = "Europe/Berlin"},
     {.formats = {"unix_ms", "YYMMDD"}, .century = 2000, .drops_time = true}},
};
enum { DATES = sizeof dates / sizeof *dates };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fixture *fixture_of(const char *encoding, size_t reading)
{
    static struct arena names; /* lives as long as the fixtures */
    struct fixture *fixture = fixture_new();

    if (!names.chunk_size)
        arena_init(&names, 4096);
    enum encoding_found found = encoding_find(encoding, &names, &fixture->job.input.encoding);
    assert(found == ENCODING_FOUND);
    for (size_t i = 0; i < FIELDS; i++) {
        struct job_mapping *mapping = fixture_map(fixture, fields[i], "");
        if (fields[i] == FIELD_NATIONALITIES || fields[i] == FIELD_TAX_ID)
            mapping->split = "|";
        size_t is_expiry = fields[i] == FIELD_DOCUMENT_EXPIRY;
        if (is_expiry || fields[i] == FIELD_DATE_OF_BIRTH) {
            const char *const *formats = dates[reading][is_expiry].formats;
            while (mapping->format_count < 4 && formats[mapping->format_count])
                mapping->format_count++;
            mapping->formats = memory_new(mapping->format_count + 1, sizeof *mapping->formats);
            memcpy(mapping->formats, formats, mapping->format_count * sizeof *formats);
            mapping->locale = dates[reading][is_expiry].locale;
            mapping->century = dates[reading][is_expiry].century;
            mapping->zone = dates[reading][is_expiry].zone;
            mapping->drops_time = dates[reading][is_expiry].drops_time;
        }
    }
    static struct job_where where[] = {{{"city", {0, 0}}, "^-", {0, 0}, false},
                                       {{"city", {0, 0}}, "^([^-]|$)", {0, 0}, true}};
    fixture->job.input.where = where;
    fixture->job.input.where_count = 2;
    fixture_rule(fixture, JOB_RULE_VALID, FIELD_PHONE)->name = "valid";
    struct job_rule *rule = fixture_rule(fixture, JOB_RULE_MATCH, FIELD_POSTAL_CODE);
    rule->pattern = "^(\\w|[ -])+$";
    rule->name = "format";
    rule = fixture_rule(fixture, JOB_RULE_UNIQUE, FIELD_EMAIL);
    rule->unique_index = 1;
    rule->name = "unique";
    fixture->job.unique_count = 2;
    if (!fixture_build(fixture))
        abort();
    return fixture;
}

static void judge(struct fixture *fixture, struct slice cells[FIELDS])
{
    memset(&fixture->record, 0, sizeof fixture->record);
    fixture->record.cells = cells;
    fixture->record.cell_count = FIELDS;
    rule_worker_validate(fixture->worker, &fixture->record, &fixture->arena);
}

static void check_skipped(const struct record *record)
{
    assert(record->skipped_by == 1);
    assert(!record->rejected && record->verdict_count == 0 && !record->values);
    assert(record->unique_known == 0);
}

static void check_texts(const struct record *record)
{
    const struct value *city = &record->values[FIELD_CITY];
    assert(city->state != VALUE_PRESENT || city->text.data[0] != '-');
    for (size_t i = 0; i < record->verdict_count; i++) {
        const struct verdict *verdict = &record->verdicts[i];
        assert(verdict->rule && (verdict->field < FIELD_COUNT || strcmp(verdict->rule, RULE_WHERE) == 0));
        assert(verdict->message.len && utf8_is_valid(verdict->message));
        assert(verdict->level != VERDICT_REJECT || record->rejected);
    }
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (record->values[i].state == VALUE_PRESENT) {
            struct slice text = record->values[i].text;
            uint32_t damage;
            assert(text.len && utf8_is_valid(text));
            assert(text_find_damage(text, &damage) == text.len);
        }
}

/* A present value, normalized again, stays the same. */
static void check_idempotence(struct fixture *again, const struct value first[FIELD_COUNT])
{
    struct slice cells[FIELDS];

    for (size_t i = 0; i < FIELDS; i++) {
        const struct value *value = &first[fields[i]];
        cells[i] = slice_make("", 0);
        if (value->state != VALUE_PRESENT)
            continue;
        char *text = arena_bytes(&again->arena, value->text.len);
        memcpy(text, value->text.data, value->text.len);
        for (size_t k = 0; k < value->text.len; k++)
            if (text[k] == VALUE_SEPARATOR)
                text[k] = SPLIT;
        cells[i] = slice_make(text, value->text.len);
    }
    judge(again, cells);
    for (size_t i = 0; i < FIELDS; i++) {
        const struct value *value = &first[fields[i]], *second = &again->record.values[fields[i]];
        if (value->state != VALUE_PRESENT)
            continue;
        assert(second->state == VALUE_PRESENT);
        assert(slice_equal(value->text, second->text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct fixture *fixtures[ENCODINGS * DATES], *again;
    struct slice cells[FIELDS] = {0};
    struct value first[FIELD_COUNT];

    log_setup("fuzz", LOG_ERROR, false);
    if (!again) {
        for (size_t i = 0; i < ENCODINGS * DATES; i++)
            fixtures[i] = fixture_of(encodings[i % ENCODINGS], i / ENCODINGS);
        again = fixture_of("utf-8", 0);
    }
    if (len < 1)
        return 0;
    struct fixture *fixture = fixtures[data[0] % (ENCODINGS * DATES)];
    struct slice rest = slice_make((const char *)data + 1, len - 1);
    for (size_t i = 0; i < FIELDS; i++) {
        const char *end = rest.len ? memchr(rest.data, CELL_SEPARATOR, rest.len) : NULL;
        cells[i] = slice_make(rest.data, end ? (size_t)(end - rest.data) : rest.len);
        rest = end ? slice_make(end + 1, rest.len - cells[i].len - 1) : slice_make("", 0);
    }
    arena_reset(&fixture->arena);
    arena_reset(&again->arena);
    judge(fixture, cells);
    if (fixture->record.skipped) {
        check_skipped(&fixture->record);
        return 0;
    }
    check_texts(&fixture->record);
    memcpy(first, fixture->record.values, sizeof first);
    check_idempotence(again, first);
    return 0;
}
