/* A line of NDJSON: the values at the job's columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/json.h"
#include "unit/rules/fixture.h"

/* A job whose external_id and last_name are members of their own names. */
static struct fixture *ndjson_new(void)
{
    struct fixture *fixture = fixture_new();
    fixture->job.input.format = JOB_FORMAT_NDJSON;
    return fixture;
}

static struct job_mapping *map(struct fixture *fixture, enum field_id field, const char *column)
{
    struct job_mapping *mapping = fixture_map(fixture, field, "");
    mapping->columns->name = column;
    fixture->columns[mapping - fixture->mappings] =
        slice_from(column); /* the first records have such a member */
    return mapping;
}

static const char *validate(struct fixture *fixture, struct slice line)
{
    if (!fixture->set && !fixture_build(fixture))
        fail_msg("%s", fixture->error.text);
    char *raw = arena_bytes(&fixture->arena, line.len + JSON_PADDING);
    memset(raw, 'x', line.len + JSON_PADDING);
    memcpy(raw, line.data, line.len);
    fixture->record = (struct record){.row = 1, .line = 1, .raw = slice_make(raw, line.len)};
    rule_worker_validate(fixture->worker, &fixture->record, &fixture->arena);
    return fixture_verdicts(fixture);
}

#define OBJECT(members)                                                                                      \
    {                                                                                                        \
        "{\"external_id\":\"C-1\",\"last_name\":\"Example\"," members "}",                                   \
            sizeof("{\"external_id\":\"C-1\",\"last_name\":\"Example\"," members "}") - 1                    \
    }

struct way_case {
    const char *sentence, *column;
    struct slice line;
    const char *want, *verdicts;
};

static void a_column_is_a_way_into_the_object(void **state)
{
    (void)state;
    static const struct way_case cases[] = {
        {"a member", "city", OBJECT("\"city\":\"Rome\""), "Rome", ""},
        {"a missing member", "city", OBJECT("\"x\":1"), "-", ""},
        {"null", "city", OBJECT("\"city\":null"), "-", ""},
        {"an empty text", "city", OBJECT("\"city\":\"\""), "-", ""},
        {"a null value of the job", "city", OBJECT("\"city\":\" N/A \""), "-", ""},
        {"a number as written", "city", OBJECT("\"city\":12345678901234567890.10e2"),
         "12345678901234567890.10e2", ""},
        {"true", "city", OBJECT("\"city\":true"), "true", ""},
        {"false", "city", OBJECT("\"city\":false"), "false", ""},
        {"escapes", "city", OBJECT("\"city\":\"M\\u00fcnchen\""), "M\xc3\xbcnchen", ""},
        {"a dotted path", "a.b.c", OBJECT("\"a\":{\"c\":\"x\",\"b\":{\"c\":\"Rome\"}}"), "Rome", ""},
        {"a path through what is not an object", "a.b", OBJECT("\"a\":\"Rome\""), "-", ""},
        {"a path through null", "a.b", OBJECT("\"a\":null"), "-", ""},
        {"a path through an array", "a.b", OBJECT("\"a\":[{\"b\":\"x\"}]"), "-", ""},
        {"an element", "a[1]", OBJECT("\"a\":[\"x\",\"Rome\"]"), "Rome", ""},
        {"an element that is not there", "a[1]", OBJECT("\"a\":[\"x\"]"), "-", ""},
        {"an element of no array", "a[0]", OBJECT("\"a\":\"x\""), "-", ""},
        {"elements of elements", "a[1][0].b", OBJECT("\"a\":[0,[{\"b\":\"Rome\"}]]"), "Rome", ""},
        {"a key that is an index", "a.0", OBJECT("\"a\":{\"0\":\"Rome\"}"), "Rome", ""},
        {"a whole name with a dot", "a.b", OBJECT("\"a.b\":\"Rome\""), "Rome", ""},
        {"a whole name takes precedence", "a.b", OBJECT("\"a.b\":\"Rome\",\"a\":{\"b\":\"x\"}"), "Rome", ""},
        {"and in any order", "a.b", OBJECT("\"a\":{\"b\":\"x\"},\"a.b\":\"Rome\""), "Rome", ""},
        {"a whole name counts at the top level only", "a.b", OBJECT("\"z\":{\"a.b\":\"x\"}"), "-", ""},
        {"a name that is not a path", "city [0", OBJECT("\"city [0\":\"Rome\""), "Rome", ""},
        {"an escaped key", "city", OBJECT("\"c\\u0069ty\":\"Rome\""), "Rome", ""},
        {"an object", "city", OBJECT("\"city\":{\"a\":1}"), "!", "city/format"},
        {"an array", "city", OBJECT("\"city\":[\"Rome\"]"), "!", "city/format"},
        {"an empty array", "city", OBJECT("\"city\":[]"), "-", ""},
        {"a byte that is not UTF-8", "city", OBJECT("\"city\":\"R\xf4me\""), "!", "city/encoding"},
        {"half a character", "city", OBJECT("\"city\":\"\\ud800\""), "!", "city/encoding"},
        {"U+FFFD", "city", OBJECT("\"city\":\"\xef\xbf\xbd\""), "!", "city/encoding"},
        {"a NUL", "city", OBJECT("\"city\":\"\\u0000\""), "!", "city/encoding"},
        {"a bad byte in a member without a column", "city", OBJECT("\"x\":\"\xff\",\"city\":\"Rome\""),
         "Rome", ""},
        {"kyc_* members", "city", OBJECT("\"city\":\"Rome\",\"kyc_row\":1"), "Rome", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = ndjson_new();
        map(fixture, FIELD_CITY, cases[i].column);
        const char *verdicts = validate(fixture, cases[i].line);
        const char *value = fixture->record.fault ? "fault" : fixture_value(fixture, FIELD_CITY);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].want) != 0)
            fail_msg("%s: %s (%s)", cases[i].sentence, value, verdicts);
        fixture_free(fixture);
    }
}

static void an_array_of_scalars_is_a_list(void **state)
{
    (void)state;
    static const struct way_case cases[] = {
        {"codes", NULL, OBJECT("\"nats\":[\"US\",\"ITA\",\"Germany\"]"), "US|IT|DE", ""},
        {"one", NULL, OBJECT("\"nats\":[\"US\"]"), "US", ""},
        {"a text is one item", NULL, OBJECT("\"nats\":\"US\""), "US", ""},
        {"a text is split by the job's separator", "|", OBJECT("\"nats\":\"US|IT\""), "US|IT", ""},
        {"an array is not", "|", OBJECT("\"nats\":[\"US\",\"IT|DE\"]"), "!", "nationalities/country"},
        {"null among them", NULL, OBJECT("\"nats\":[null,\"US\",null]"), "US", ""},
        {"only null", NULL, OBJECT("\"nats\":[null]"), "-", ""},
        {"an empty array", NULL, OBJECT("\"nats\":[]"), "-", ""},
        {"a wrong one", NULL, OBJECT("\"nats\":[\"US\",\"Nowhere\"]"), "!", "nationalities/country"},
        {"a number", NULL, OBJECT("\"nats\":[840]"), "US", ""},
        {"an object in it", NULL, OBJECT("\"nats\":[\"US\",{}]"), "!", "nationalities/format"},
        {"an array in it", NULL, OBJECT("\"nats\":[[\"US\"]]"), "!", "nationalities/format"},
        {"a bad byte in one", NULL, OBJECT("\"nats\":[\"US\",\"\xff\"]"), "!", "nationalities/encoding"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = ndjson_new();
        map(fixture, FIELD_NATIONALITIES, "nats")->split = cases[i].column;
        const char *verdicts = validate(fixture, cases[i].line);
        const char *value = fixture->record.fault ? "fault" : fixture_value(fixture, FIELD_NATIONALITIES);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].want) != 0)
            fail_msg("%s: %s (%s)", cases[i].sentence, value, verdicts);
        fixture_free(fixture);
    }
}

/* The wrapper that a path names, or that a path leads to. */
static void a_wrapped_value_is_unwrapped(void **state)
{
    (void)state;
    static const struct way_case cases[] = {
        {"an object id", "v", OBJECT("\"v\":{\"$oid\":\"5f0000000000000000000001\"}"),
         "5f0000000000000000000001", ""},
        {"its wrapper by name", "v.$oid", OBJECT("\"v\":{\"$oid\":\"5f01\"}"), "5f01", ""},
        {"a long", "v", OBJECT("\"v\":{\"$numberLong\":\"14155550110\"}"), "14155550110", ""},
        {"a long by name", "v.$numberLong", OBJECT("\"v\":{\"$numberLong\":\"14155550110\"}"), "14155550110",
         ""},
        {"a long that is a number", "v", OBJECT("\"v\":{\"$numberLong\":7}"), "7", ""},
        {"an int", "v", OBJECT("\"v\":{\"$numberInt\":\"-42\"}"), "-42", ""},
        {"a decimal", "v", OBJECT("\"v\":{\"$numberDecimal\":\"0.10\"}"), "0.10", ""},
        {"a double that is whole", "v", OBJECT("\"v\":{\"$numberDouble\":\"14155550110.0\"}"), "14155550110",
         ""},
        {"one of Java", "v", OBJECT("\"v\":{\"$numberDouble\":\"1.415555011E10\"}"), "14155550110", ""},
        {"a negative zero", "v", OBJECT("\"v\":{\"$numberDouble\":\"-0.0\"}"), "0", ""},
        {"a double that is not whole", "v", OBJECT("\"v\":{\"$numberDouble\":\"1.5\"}"), "1.5", ""},
        {"a double of more digits than it holds", "v",
         OBJECT("\"v\":{\"$numberDouble\":\"9007199254740993.0\"}"), "9007199254740993.0", ""},
        {"no number", "v", OBJECT("\"v\":{\"$numberDouble\":\"NaN\"}"), "NaN", "city/damaged(warn)"},
        {"a symbol", "v", OBJECT("\"v\":{\"$symbol\":\"Rome\"}"), "Rome", ""},
        {"undefined", "v", OBJECT("\"v\":{\"$undefined\":true}"), "-", ""},
        {"a UUID", "v", OBJECT("\"v\":{\"$uuid\":\"00112233-4455-6677-8899-aabbccddeeff\"}"),
         "00112233-4455-6677-8899-aabbccddeeff", ""},
        {"a binary UUID", "v",
         OBJECT("\"v\":{\"$binary\":{\"base64\":\"ABEiM0RVZneImaq7zN3u/w==\",\"subType\":\"04\"}}"),
         "00112233-4455-6677-8899-aabbccddeeff", ""},
        {"one of version 1", "v", OBJECT("\"v\":{\"$binary\":\"ABEiM0RVZneImaq7zN3u/w==\",\"$type\":\"04\"}"),
         "00112233-4455-6677-8899-aabbccddeeff", ""},
        {"an old UUID, whose bytes have three orders", "v",
         OBJECT("\"v\":{\"$binary\":{\"base64\":\"ABEiM0RVZneImaq7zN3u/w==\",\"subType\":\"03\"}}"), "!",
         "city/format"},
        {"a date in text", "v", OBJECT("\"v\":{\"$date\":\"1980-02-03T00:00:00Z\"}"), "1980-02-03T00:00:00Z",
         ""},
        {"a date of version 1", "v", OBJECT("\"v\":{\"$date\":318384000000}"), "1980-02-03T00:00:00Z", ""},
        {"a date before 1970", "v", OBJECT("\"v\":{\"$date\":{\"$numberLong\":\"-315619200000\"}}"),
         "1960-01-01T00:00:00Z", ""},
        {"by name", "v.$date", OBJECT("\"v\":{\"$date\":{\"$numberLong\":\"-315619200000\"}}"),
         "1960-01-01T00:00:00Z", ""},
        {"a number by name", "v.$date", OBJECT("\"v\":{\"$date\":-315619200000}"), "1960-01-01T00:00:00Z",
         ""},
        {"its number by name", "v.$date.$numberLong",
         OBJECT("\"v\":{\"$date\":{\"$numberLong\":\"-315619200000\"}}"), "-315619200000", ""},
        {"a millisecond before 1970", "v", OBJECT("\"v\":{\"$date\":-1}"), "1969-12-31T23:59:59.999Z", ""},
        {"a date out of the calendar", "v", OBJECT("\"v\":{\"$date\":253402300800000}"), "253402300800000",
         ""},
        {"a date that is not whole", "v", OBJECT("\"v\":{\"$date\":1.5}"), "!", "city/format"},
        {"a wrapper with another kind of value", "v", OBJECT("\"v\":{\"$oid\":5}"), "!", "city/format"},
        {"a wrapper with a member beside it", "v", OBJECT("\"v\":{\"$oid\":\"5f\",\"x\":1}"), "!",
         "city/format"},
        {"an unknown wrapper", "v", OBJECT("\"v\":{\"$code\":\"x\"}"), "!", "city/format"},
        {"a customer's own member S", "v", OBJECT("\"v\":{\"S\":\"Rome\"}"), "!", "city/format"},
        {"and N", "v", OBJECT("\"v\":{\"N\":\"12\"}"), "!", "city/format"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = ndjson_new();
        map(fixture, FIELD_CITY, cases[i].column);
        const char *verdicts = validate(fixture, cases[i].line);
        const char *value = fixture->record.fault ? "fault" : fixture_value(fixture, FIELD_CITY);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].want) != 0)
            fail_msg("%s: %s (%s)", cases[i].sentence, value, verdicts);
        fixture_free(fixture);
    }
}

static void an_instant_is_a_date_whatever_the_format_of_texts(void **state)
{
    (void)state;
    static const struct way_case cases[] = {
        {"an instant", NULL, OBJECT("\"v\":{\"$date\":{\"$numberLong\":\"-315619200000\"}}"), "1960-01-01",
         ""},
        {"of a job with a format", "DD/MM/YYYY", OBJECT("\"v\":{\"$date\":318384000000}"), "1980-02-03", ""},
        {"a text of a job with a format", "DD/MM/YYYY", OBJECT("\"v\":\"03/02/1980\""), "1980-02-03", ""},
        {"an instant within a day", NULL, OBJECT("\"v\":{\"$date\":{\"$numberLong\":\"-315615600000\"}}"),
         "!", "date_of_birth/time"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = ndjson_new();
        struct job_mapping *mapping = map(fixture, FIELD_DATE_OF_BIRTH, "v");
        mapping->formats = (const char *[]){cases[i].column};
        mapping->format_count = cases[i].column != NULL;
        const char *verdicts = validate(fixture, cases[i].line);
        const char *value = fixture->record.fault ? "fault" : fixture_value(fixture, FIELD_DATE_OF_BIRTH);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].want) != 0)
            fail_msg("%s: %s (%s)", cases[i].sentence, value, verdicts);
        fixture_free(fixture);
    }
}

#define ITEM(members)                                                                                        \
    SLICE_LITERAL("{\"Item\":{\"external_id\":{\"S\":\"C-1\"},\"last_name\":{\"S\":\"Example\"}," members    \
                  "}}")

/* A record of DynamoDB; the fixture's own columns are mapped to Item. */
static void a_record_of_dynamodb_is_unwrapped(void **state)
{
    (void)state;
    static const struct way_case cases[] = {
        {"a text", "Item.v", ITEM("\"v\":{\"S\":\"Rome\"}"), "Rome", ""},
        {"its wrapper by name", "Item.v.S", ITEM("\"v\":{\"S\":\"Rome\"}"), "Rome", ""},
        {"a number", "Item.v", ITEM("\"v\":{\"N\":\"14155550110\"}"), "14155550110", ""},
        {"true", "Item.v", ITEM("\"v\":{\"BOOL\":true}"), "true", ""},
        {"null", "Item.v", ITEM("\"v\":{\"NULL\":true}"), "-", ""},
        {"a map", "Item.a.v", ITEM("\"a\":{\"M\":{\"v\":{\"S\":\"Rome\"}}}"), "Rome", ""},
        {"its wrappers by name", "Item.a.M.v.S", ITEM("\"a\":{\"M\":{\"v\":{\"S\":\"Rome\"}}}"), "Rome", ""},
        {"an attribute named as the wrapper", "Item.a.M", ITEM("\"a\":{\"M\":{\"M\":{\"S\":\"Rome\"}}}"),
         "Rome", ""},
        {"an attribute named as a letter", "Item.S", ITEM("\"S\":{\"S\":\"Rome\"}"), "Rome", ""},
        {"an element", "Item.a[1]", ITEM("\"a\":{\"L\":[{\"S\":\"x\"},{\"S\":\"Rome\"}]}"), "Rome", ""},
        {"a map in a list", "Item.a[0].v", ITEM("\"a\":{\"L\":[{\"M\":{\"v\":{\"S\":\"Rome\"}}}]}"), "Rome",
         ""},
        {"a map as a value", "Item.v", ITEM("\"v\":{\"M\":{\"S\":{\"S\":\"Rome\"}}}"), "!", "city/format"},
        {"a set", "Item.v", ITEM("\"v\":{\"SS\":[\"Rome\"]}"), "!", "city/format"},
        {"bytes", "Item.v", ITEM("\"v\":{\"B\":\"Um9tZQ==\"}"), "Um9tZQ==", ""},
        {"a plain member beside them", "Item.v", ITEM("\"v\":{\"S\":\"Rome\"},\"x\":1"), "!", "city/format"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = ndjson_new();
        bool is_plain = strstr(cases[i].sentence, "plain member");
        map(fixture, FIELD_EXTERNAL_ID, is_plain ? "Item.external_id.S" : "Item.external_id");
        map(fixture, FIELD_LAST_NAME, is_plain ? "Item.last_name.S" : "Item.last_name");
        map(fixture, FIELD_CITY, cases[i].column);
        const char *verdicts = validate(fixture, cases[i].line);
        const char *value = fixture->record.fault ? "fault" : fixture_value(fixture, FIELD_CITY);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].want) != 0)
            fail_msg("%s: %s (%s)", cases[i].sentence, value, verdicts);
        fixture_free(fixture);
    }
}

static void an_item_without_its_export_is_dynamodb_too(void **state)
{
    (void)state;
    struct fixture *fixture = ndjson_new();
    map(fixture, FIELD_NATIONALITIES, "nats");
    assert_string_equal(
        validate(fixture, SLICE_LITERAL("{\"external_id\":{\"S\":\"C-1\"},\"last_name\":{\"S\":\"Example\"},"
                                        "\"nats\":{\"SS\":[\"IT\",\"US\"]}}")),
        "");
    assert_string_equal(fixture_value(fixture, FIELD_NATIONALITIES), "IT|US");
    assert_string_equal(
        validate(fixture, SLICE_LITERAL("{\"external_id\":{\"S\":\"C-1\"},\"last_name\":{\"S\":\"Example\"},"
                                        "\"nats\":{\"L\":[{\"S\":\"IT\"},{\"NULL\":true},{\"S\":\"US\"}]}}")),
        "");
    assert_string_equal(fixture_value(fixture, FIELD_NATIONALITIES), "IT|US");
    fixture_free(fixture);
}

static void the_elements_of_a_dynamodb_list_are_collected(void **state)
{
    (void)state;
    struct fixture *fixture = ndjson_new();
    map(fixture, FIELD_EXTERNAL_ID, "Item.external_id");
    map(fixture, FIELD_LAST_NAME, "Item.last_name");
    map(fixture, FIELD_TAX_ID, "Item.t[*].id");
    map(fixture, FIELD_TAX_COUNTRY, "Item.t[*].c");
    assert_string_equal(
        validate(fixture, ITEM("\"t\":{\"L\":[{\"M\":{\"id\":{\"N\":\"1\"},\"c\":{\"S\":\"US\"}}},"
                               "{\"M\":{\"c\":{\"S\":\"IT\"}}},"
                               "{\"M\":{\"id\":{\"S\":\"3\"},\"c\":{\"S\":\"DE\"}}}]}")),
        "");
    assert_string_equal(fixture_value(fixture, FIELD_TAX_ID), "1|3");
    assert_string_equal(fixture_value(fixture, FIELD_TAX_COUNTRY), "US|DE");
    assert_string_equal(validate(fixture, ITEM("\"t\":{\"NULL\":true}")), "");
    assert_string_equal(fixture_value(fixture, FIELD_TAX_ID), "-");
    assert_string_equal(validate(fixture, ITEM("\"t\":{\"S\":\"1\"}")), "tax_id/format tax_country/format");
    fixture_free(fixture);
}

static void every_element_gives_an_item(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        struct slice line;
        const char *ids, *countries, *verdicts;
    } cases[] = {
        {"two pairs", OBJECT("\"t\":[{\"id\":\"1\",\"c\":\"US\"},{\"c\":\"IT\",\"id\":\"2\"}]"), "1|2",
         "US|IT", ""},
        {"numbers", OBJECT("\"t\":[{\"id\":1,\"c\":840}]"), "1", "US", ""},
        {"wrapped", OBJECT("\"t\":[{\"id\":{\"$numberLong\":\"12\"},\"c\":\"US\"}]"), "12", "US", ""},
        {"a country twice", OBJECT("\"t\":[{\"id\":\"1\",\"c\":\"US\"},{\"id\":\"2\",\"c\":\"US\"}]"), "1|2",
         "US|US", ""},
        {"an id without a country", OBJECT("\"t\":[{\"id\":\"1\",\"c\":\"US\"},{\"id\":\"2\"}]"), "1|2", "!",
         "tax_country/format"},
        {"null is no country", OBJECT("\"t\":[{\"id\":\"1\",\"c\":null},{\"id\":\"2\",\"c\":\"US\"}]"), "1|2",
         "!", "tax_country/format"},
        {"a null value is no country",
         OBJECT("\"t\":[{\"id\":\"1\",\"c\":\"N/A\"},{\"id\":\"2\",\"c\":\"US\"}]"), "1|2", "!",
         "tax_country/format"},
        {"the country of another element", OBJECT("\"t\":[{\"c\":\"US\"},{\"id\":\"2\"}]"), "2", "!",
         "tax_country/format"},
        {"a country without an id", OBJECT("\"t\":[{\"c\":\"US\"},{\"id\":\"2\",\"c\":\"IT\"}]"), "2", "IT",
         ""},
        {"no country for two ids", OBJECT("\"country\":\"US\",\"t\":[{\"id\":\"1\"},{\"id\":\"2\"}]"), "1|2",
         "!", "tax_country/format"},
        {"one id has the record's country", OBJECT("\"country\":\"US\",\"t\":[{\"id\":\"1\"}]"), "1", "US",
         ""},
        {"no element", OBJECT("\"t\":[]"), "-", "-", ""},
        {"null", OBJECT("\"t\":null"), "-", "-", ""},
        {"missing", OBJECT("\"x\":null"), "-", "-", ""},
        {"elements that are no objects", OBJECT("\"t\":[1,null,[2]]"), "-", "-", ""},
        {"an object in the place of the array", OBJECT("\"t\":{\"id\":\"1\",\"c\":\"US\"}"), "!", "!",
         "tax_id/format tax_country/format"},
        {"a text there", OBJECT("\"t\":\"1\""), "!", "!", "tax_id/format tax_country/format"},
        {"an item that is an object", OBJECT("\"t\":[{\"id\":{\"x\":1},\"c\":\"US\"}]"), "!", "US",
         "tax_id/format"},
        {"an item that is a list", OBJECT("\"t\":[{\"id\":[\"1\"],\"c\":\"US\"}]"), "!", "US",
         "tax_id/format"},
        {"the whole name takes precedence", OBJECT("\"t[*].id\":\"9\",\"t\":[{\"id\":\"1\",\"c\":\"US\"}]"),
         "9", "US", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = ndjson_new();
        map(fixture, FIELD_TAX_ID, "t[*].id");
        map(fixture, FIELD_TAX_COUNTRY, "t[*].c");
        map(fixture, FIELD_COUNTRY, "country");
        const char *verdicts = validate(fixture, cases[i].line);
        const char *ids = fixture_value(fixture, FIELD_TAX_ID);
        const char *countries = fixture_value(fixture, FIELD_TAX_COUNTRY);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(ids, cases[i].ids) != 0 ||
            strcmp(countries, cases[i].countries) != 0)
            fail_msg("%s: %s and %s (%s)", cases[i].sentence, ids, countries, verdicts);
        fixture_free(fixture);
    }
}

static void a_list_of_more_than_64_elements_is_refused(void **state)
{
    (void)state;
    char line[8192] = "{\"external_id\":\"C-1\",\"last_name\":\"Example\",\"t\":[{\"id\":\"1\"}";
    for (size_t i = 0; i < 64; i++)
        strcat(line, ",{\"id\":\"1\"}"); /* NOLINT: it fits */
    strcat(line, "]}");                  /* NOLINT: it fits */
    struct fixture *fixture = ndjson_new();
    map(fixture, FIELD_TAX_ID, "t[*].id");
    assert_string_equal(validate(fixture, slice_from(line)), "tax_id/format");
    fixture_free(fixture);
}

static void one_value_takes_no_list(void **state)
{
    (void)state;
    struct fixture *fixture = ndjson_new();
    map(fixture, FIELD_CITY, "a[*].city");
    assert_false(fixture_build(fixture));
    assert_non_null(strstr(fixture->error.text, "\"a[*].city\" gives a list, and city is a single value"));
    assert_non_null(strstr(fixture->error.text, "\"a[0].city\""));
    fixture_free(fixture);
}

/* A column that is neither a path nor a member of the first records. */
static void a_path_that_can_match_nothing_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *column, *reason; /* NULL: a path or a name */
    } cases[] = {
        {"a.b", NULL},
        {"a[0]", NULL},
        {"a[*].b", NULL},
        {"a[12][0].b", NULL},
        {"$a b/c", NULL},
        {"a]", NULL},
        {"a*", NULL},
        {"a..b", "a name is missing beside a dot"},
        {".a", "a name is missing beside a dot"},
        {"a.", "a name is missing beside a dot"},
        {".", "a name is missing beside a dot"},
        {"a.[0]", "a name is missing before `[`"},
        {"[0]", "a name is missing before `[`"},
        {"[*].a", "a name is missing before `[`"},
        {"a[", "between [ and ] there must be a number or *"},
        {"a[]", "between [ and ] there must be a number or *"},
        {"a[x]", "between [ and ] there must be a number or *"},
        {"a[-1]", "between [ and ] there must be a number or *"},
        {"a[0", "between [ and ] there must be a number or *"},
        {"a[**]", "between [ and ] there must be a number or *"},
        {"a[12345678901]", "between [ and ] there must be a number or *"},
        {"a[0]b", "behind ] there must be a dot or the end"},
        {"a[*][*]", "[*] can be in it only once"},
        {"a[*].b[*].c", "[*] can be in it only once"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = ndjson_new();
        struct job_mapping *mapping = fixture_map(fixture, FIELD_NATIONALITIES, "");
        mapping->columns->name = cases[i].column;
        mapping->columns->place = (struct job_place){7, 15};
        bool is_taken = fixture_build(fixture);
        if (is_taken != !cases[i].reason ||
            (cases[i].reason && (!strstr(fixture->error.text, cases[i].reason) ||
                                 !strstr(fixture->error.text, "test.yaml:7:15: "))))
            fail_msg("%s: %s", cases[i].column, is_taken ? "taken" : fixture->error.text);
        fixture_free(fixture);
    }
}

static void a_page_of_customers_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *column;
        struct slice line;
        const char *verdicts;
    } cases[] = {
        {"a page of two", "u[0].id", SLICE_LITERAL("{\"u\":[{\"id\":1},{\"id\":2}],\"x\":1}"),
         "record/malformed"},
        {"a page of one, by its path", "u[0].id", SLICE_LITERAL("{\"u\":[{\"id\":1}],\"x\":1}"), ""},
        {"a page of one, by no path", "id", SLICE_LITERAL("{\"u\":[{\"id\":1}],\"x\":1}"),
         "record/malformed"},
        {"a customer with an array", "id", SLICE_LITERAL("{\"u\":[{\"id\":1},{\"id\":2}],\"id\":1}"), ""},
        {"one whose key is null", "id", SLICE_LITERAL("{\"u\":[{\"id\":1},{\"id\":2}],\"id\":null}"),
         "external_id/required"},
        {"a customer without anything", "id", SLICE_LITERAL("{\"x\":1}"), "external_id/required"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = ndjson_new();
        struct job_mapping *name = map(fixture, FIELD_LAST_NAME, "x");
        name->column_count = 0;
        name->constant = "Example";
        map(fixture, FIELD_EXTERNAL_ID, cases[i].column);
        const char *verdicts = validate(fixture, cases[i].line);
        if (strcmp(verdicts, cases[i].verdicts) != 0)
            fail_msg("%s: %s", cases[i].sentence, verdicts);
        fixture_free(fixture);
    }
}

static void two_fields_can_come_from_one_place(void **state)
{
    (void)state;
    struct fixture *fixture = ndjson_new();
    map(fixture, FIELD_CITY, "a.b");
    map(fixture, FIELD_EMPLOYER_NAME, "a.b");
    map(fixture, FIELD_FIRST_NAME, "a.c");
    assert_string_equal(validate(fixture, (struct slice)OBJECT("\"a\":{\"b\":\"x\",\"c\":\"y\"}")), "");
    assert_string_equal(fixture_value(fixture, FIELD_CITY), "x");
    assert_string_equal(fixture_value(fixture, FIELD_EMPLOYER_NAME), "x");
    assert_string_equal(fixture_value(fixture, FIELD_FIRST_NAME), "y");
    /* nothing is left over from the record before */
    assert_string_equal(validate(fixture, (struct slice)OBJECT("\"a\":{\"c\":\"z\"}")), "");
    assert_string_equal(fixture_value(fixture, FIELD_CITY), "-");
    assert_string_equal(fixture_value(fixture, FIELD_FIRST_NAME), "z");
    fixture_free(fixture);
}

static void what_is_no_object_is_malformed(void **state)
{
    (void)state;
    static const struct {
        struct slice line;
        const char *message;
    } cases[] = {
        {SLICE_LITERAL("[{\"external_id\":1}]"), "the line is not a JSON object (byte 1 of the line)"},
        {SLICE_LITERAL("  12"), "the line is not a JSON object (byte 3 of the line)"},
        {SLICE_LITERAL("{\"external_id\":\"1\"} x"), "something follows"},
        {SLICE_LITERAL("{\"external_id\":\"1\",\"external_id\":\"2\"}"),
         "a member is named twice (byte 20 of the line)"},
        {SLICE_LITERAL("{\"x\":{\"a\":1,\"a\":1}}"), "a member is named twice (byte 13 of the line)"},
        {SLICE_LITERAL("{\"x\":01}"), "(byte 6 of the line)"},
        {SLICE_LITERAL("{\"external_id\":\"1\""), ""},
        {SLICE_LITERAL("{\"external_id\":\"1\"}\xff"), "it is not UTF-8 (byte 20 of the line)"},
        {SLICE_LITERAL("external_id,last_name"), ""},
    };
    struct fixture *fixture = ndjson_new();
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *verdicts = validate(fixture, cases[i].line);
        if (strcmp(verdicts, "record/malformed") != 0)
            fail_msg("%s: %s", cases[i].line.data, verdicts);
        struct slice message = fixture->record.fault_message;
        if (!memmem(message.data, message.len, cases[i].message, strlen(cases[i].message)))
            fail_msg("%s: %s", cases[i].line.data, message.data);
        assert_true(fixture->record.rejected);
        assert_true(slice_equal(fixture->record.raw, cases[i].line));
    }
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_is_a_way_into_the_object),
        cmocka_unit_test(an_array_of_scalars_is_a_list),
        cmocka_unit_test(a_wrapped_value_is_unwrapped),
        cmocka_unit_test(an_instant_is_a_date_whatever_the_format_of_texts),
        cmocka_unit_test(a_record_of_dynamodb_is_unwrapped),
        cmocka_unit_test(an_item_without_its_export_is_dynamodb_too),
        cmocka_unit_test(the_elements_of_a_dynamodb_list_are_collected),
        cmocka_unit_test(every_element_gives_an_item),
        cmocka_unit_test(a_list_of_more_than_64_elements_is_refused),
        cmocka_unit_test(one_value_takes_no_list),
        cmocka_unit_test(a_path_that_can_match_nothing_is_an_error),
        cmocka_unit_test(a_page_of_customers_is_none),
        cmocka_unit_test(two_fields_can_come_from_one_place),
        cmocka_unit_test(what_is_no_object_is_malformed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ndjson", tests, NULL, NULL);
}
