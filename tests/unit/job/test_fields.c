#include "unit/job/job_text.h"

#define FIELDS(text) JOB_HEAD JOB_INPUT JOB_PROVIDER "fields:\n  external_id: id\n" text

static void every_form_of_a_mapping_is_read(void **state)
{
    (void)state;
    struct job *job = job_text_load(
        FIELDS("  email: e-mail\n"
               "  phone: {column: mobile}\n"
               "  date_of_birth: {column: dob, format: D.M.YYYY}\n"
               "  document_expiry: {column: exp, format: [D. MMM YY, excel], century: 2000, locale: de-AT}\n"
               "  nationalities: {column: nats, split: '|'}\n"
               "  occupation: {column: job, values: {Engineer: x, NULL: y}, otherwise: other}\n"
               "  language: {value: en}\n"
               "  city: 5\n"
               "  country: no\n"));
    assert_int_equal(job->mapping_count, 10);
    const struct job_mapping *mapping = job_mapping_of(job, FIELD_EMAIL);
    assert_string_equal(mapping->columns->name, "e-mail");
    assert_int_equal(mapping->place.line, 6);
    assert_int_equal(mapping->place.column, 3);
    assert_int_equal(mapping->columns->place.column, 10);
    assert_null(mapping->constant);
    assert_string_equal(job_mapping_of(job, FIELD_PHONE)->columns->name, "mobile");
    assert_int_equal(job_mapping_of(job, FIELD_DATE_OF_BIRTH)->format_count, 1);
    assert_string_equal(job_mapping_of(job, FIELD_DATE_OF_BIRTH)->formats[0], "D.M.YYYY");
    mapping = job_mapping_of(job, FIELD_DOCUMENT_EXPIRY);
    assert_int_equal(mapping->format_count, 2);
    assert_string_equal(mapping->formats[1], "excel");
    assert_int_equal(mapping->century, 2000);
    assert_string_equal(mapping->locale, "de-AT");
    assert_string_equal(job_mapping_of(job, FIELD_NATIONALITIES)->split, "|");
    mapping = job_mapping_of(job, FIELD_OCCUPATION);
    assert_int_equal(mapping->value_count, 2);
    assert_true(slice_is(mapping->values[0].from, "Engineer"));
    assert_true(slice_is(mapping->values[0].to, "x"));
    assert_true(slice_is(mapping->values[1].from, "NULL"));
    assert_string_equal(mapping->otherwise, "other");
    mapping = job_mapping_of(job, FIELD_LANGUAGE);
    assert_string_equal(mapping->constant, "en");
    assert_int_equal(mapping->column_count, 0);
    /* A column's name is text, whatever YAML makes of it elsewhere. */
    assert_string_equal(job_mapping_of(job, FIELD_CITY)->columns->name, "5");
    assert_string_equal(job_mapping_of(job, FIELD_COUNTRY)->columns->name, "no");
    job_free(job);
}

static void the_source_of_a_field_is_read(void **state)
{
    (void)state;
    struct job *job =
        job_text_load(FIELDS("  phone: {columns: [work, mobile], country: germany}\n"
                             "  first_name: {column: n, match: '(.+) .+', replace: '$1'}\n"
                             "  city: {columns: [a], join: '', match: x, replace: '', unmatched: "
                             "empty, default: Rome}\n"));
    const struct job_mapping *mapping = job_mapping_of(job, FIELD_PHONE);
    assert_int_equal(mapping->column_count, 2);
    assert_string_equal(mapping->columns[1].name, "mobile");
    assert_int_equal(mapping->columns[1].place.column, 27);
    assert_string_equal(mapping->phone_country, "DE");
    assert_null(mapping->join);
    mapping = job_mapping_of(job, FIELD_FIRST_NAME);
    assert_string_equal(mapping->match, "(.+) .+");
    assert_string_equal(mapping->replace, "$1");
    assert_int_equal(mapping->unmatched, JOB_UNMATCHED_REJECT);
    mapping = job_mapping_of(job, FIELD_CITY);
    assert_string_equal(mapping->join, "");
    assert_string_equal(mapping->replace, "");
    assert_int_equal(mapping->unmatched, JOB_UNMATCHED_EMPTY);
    assert_string_equal(mapping->fallback, "Rome");
    job_free(job);
}

static void a_mapping_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct job_text_case cases[] = {
        {"a misspelt field", FIELDS("  emial: e\n"),
         "6:3: there is no customer field `emial`\nhint: did you mean `email`?"},
        {"a misspelt key", FIELDS("  email: {colum: e}\n"),
         "6:11: unknown key `colum` in `email`\nhint: did you mean `column`?"},
        {"no column and no value", FIELDS("  occupation: {values: {a: b}}\n"),
         "6:15: `occupation` needs a `column` or a `value`"},
        {"a column without a name", FIELDS("  email:\n"), "6:"},
        {"both", FIELDS("  email: {column: e, value: x}\n"),
         "6:22: `email` has a `column`, so it has no `value`"},
        {"a value with values", FIELDS("  occupation: {value: e, values: {a: b}}\n"),
         "6:26: `occupation` has a `value`, the same for every record, so it has no `values`"},
        {"otherwise alone", FIELDS("  occupation: {column: e, otherwise: b}\n"),
         "6:27: `otherwise` needs `values` beside it"},
        {"a format of no date", FIELDS("  email: {column: e, format: DD}\n"),
         "6:22: `email` is not a date, so it has no `format`"},
        {"a zone of no date", FIELDS("  email: {column: e, zone: Europe/Berlin}\n"),
         "6:22: `email` is not a date, so it has no `zone`"},
        {"a time of no date", FIELDS("  email: {column: e, time: drop}\n"),
         "6:22: `email` is not a date, so it has no `time`"},
        {"a misspelt zone", FIELDS("  date_of_birth: {column: d, zone: Europe/Berlni}\n"),
         "6:36: `Europe/Berlni` is not a time zone\nhint: did you mean `Europe/Berlin`?"},
        {"a city", FIELDS("  date_of_birth: {column: d, zone: Lisbon}\n"),
         "6:36: `Lisbon` is not a time zone\nhint: did you mean `Europe/Lisbon`?"},
        {"an abbreviation", FIELDS("  date_of_birth: {column: d, zone: CST}\n"),
         "6:36: `CST` is not a time zone"},
        {"a time that is kept", FIELDS("  date_of_birth: {column: d, time: keep}\n"),
         "6:36: `time` is `drop`"},
        {"a zone of a constant", FIELDS("  document_expiry: {value: 2030-01-01, zone: UTC}\n"),
         "6:40: `document_expiry` has a `value`, the same for every record, so it has no `zone`"},
        {"a century of no date", FIELDS("  email: {column: e, century: 1930}\n"),
         "6:22: `email` is not a date, so it has no `century`"},
        {"a locale of no date", FIELDS("  email: {column: e, locale: de}\n"),
         "6:22: `email` is not a date, so it has no `locale`"},
        {"no form", FIELDS("  date_of_birth: {column: d, format: []}\n"), "6:38: `format` has 1 to 16 forms"},
        {"a form that is a mapping", FIELDS("  date_of_birth: {column: d, format: {a: b}}\n"),
         "6:38: `format` should be a value, and is a mapping"},
        {"a list of lists", FIELDS("  date_of_birth: {column: d, format: [[excel]]}\n"), "6:39: "},
        {"a bad form in a list", FIELDS("  date_of_birth: {column: d, format: [excel, dd/mm]}\n"),
         "6:46: `dd/mm` is not a date format"},
        {"a form twice", FIELDS("  date_of_birth: {column: d, format: [excel, excel]}\n"),
         "6:46: `excel` is listed twice"},
        {"two digits of the year, and no century", FIELDS("  date_of_birth: {column: d, format: MM/DD/YY}\n"),
         "6:38: `MM/DD/YY` has a year of two digits, so it needs `century` beside it\nhint: with `century: 1930`"},
        {"a century without them",
         FIELDS("  date_of_birth: {column: d, format: [MM/DD/YYYY], century: 1930}\n"),
         "6:52: `century` is for years of two digits"},
        {"a century without a format", FIELDS("  date_of_birth: {column: d, century: 1930}\n"),
         "6:30: `century` is for years of two digits"},
        {"a century as in speech", FIELDS("  date_of_birth: {column: d, format: MM/DD/YY, century: 19}\n"),
         "6:57: "},
        {"a century in words", FIELDS("  date_of_birth: {column: d, format: MM/DD/YY, century: last}\n"),
         "6:57: "},
        {"a locale without a month's name",
         FIELDS("  date_of_birth: {column: d, format: DD/MM/YYYY, locale: de}\n"),
         "6:50: `locale` is for names of months"},
        {"a locale of another name",
         FIELDS("  date_of_birth: {column: d, format: D MMM YYYY, locale: German}\n"),
         "6:58: `German` is not a known locale\nhint: did you mean `de`?"},
        {"a locale that is none", FIELDS("  date_of_birth: {column: d, format: D MMM YYYY, locale: qq}\n"),
         "6:58: `qq` is not a known locale\nhint: write a language"},
        {"a locale without names", FIELDS("  date_of_birth: {column: d, format: D MMM YYYY, locale: ja}\n"),
         "6:58: the months of `ja` are numbers"},
        {"a zone of forms without a time",
         FIELDS("  date_of_birth: {column: d, format: [DD/MM/YYYY], zone: UTC}\n"),
         "6:52: `zone` is for a time of day, and no `format` here has one\nhint: remove `zone`"},
        {"a split of one value", FIELDS("  email: {column: e, split: ';'}\n"),
         "6:22: `email` has one value, so it has no `split`"},
        {"a list as a column", FIELDS("  email: [a]\n"), "6:10: `email` should be a value, and is a list"},
        {"a list as one column", FIELDS("  email: {column: [a, b]}\n"),
         "6:19: `column` should be a value, and is a list\nhint: {columns: [A, B]} is the first"},
        {"a name as columns", FIELDS("  email: {columns: a}\n"),
         "6:20: `columns` is a list of column names\nhint: as in {columns: [A, B]}"},
        {"no columns", FIELDS("  email: {columns: []}\n"), "6:20: `columns` is a list"},
        {"a column twice", FIELDS("  email: {columns: [a, b, a]}\n"), "6:27: `columns` names \"a\" twice"},
        {"a mapping as a column", FIELDS("  email: {columns: [a, {b: c}]}\n"),
         "6:24: this should be a value"},
        {"column and columns", FIELDS("  email: {column: a, columns: [b]}\n"),
         "6:22: `email` has a `column`, so it has no `columns`"},
        {"columns and a value", FIELDS("  email: {columns: [b], value: x}\n"),
         "6:25: `email` has `columns`, so it has no `value`"},
        {"join alone", FIELDS("  email: {column: a, join: ' '}\n"),
         "6:22: `join` needs `columns` beside it\nhint: as in {columns: [A, B], join: \" \"}"},
        {"replace alone", FIELDS("  email: {column: a, replace: $1}\n"),
         "6:22: `replace` needs `match` beside it"},
        {"unmatched alone", FIELDS("  email: {column: a, unmatched: keep}\n"),
         "6:22: `unmatched` needs `match` beside it"},
        {"an unknown word", FIELDS("  email: {column: a, match: b, unmatched: drop}\n"),
         "6:43: `drop` is not a value of `unmatched`\nhint: "},
        {"an empty pattern", FIELDS("  email: {column: a, match: ''}\n"), "6:29: `match` is empty"},
        {"a pattern of a constant", FIELDS("  email: {value: a, match: b}\n"),
         "6:21: `email` has a `value`, the same for every record, so it has no `match`"},
        {"a default of a constant", FIELDS("  email: {value: a, default: b}\n"),
         "6:21: `email` has a `value`"},
        {"an empty default", FIELDS("  email: {column: a, default: ''}\n"), "6:31: `default` is empty"},
        {"a word without a value", FIELDS("  city: {column: a, values: {b: ''}}\n"),
         "6:33: `b` has no value\nhint: write the value to send, or name a word that means none in input.null_values"},
        {"no value for other words", FIELDS("  city: {column: a, values: {b: c}, otherwise: ''}\n"),
         "6:48: `otherwise` is empty\nhint: to send no value for other words, use `match: 'WORD|WORD', unmatched: empty`"},
        {"two settings for no value", FIELDS("  city: {column: a, default: b, values: {'': c}}\n"),
         "6:42: `city` has a `default`, so its `values` have no \"\""},
        {"a default key", JOB_HEAD JOB_INPUT JOB_PROVIDER "fields:\n  external_id: {column: a, default: b}\n",
         "5:28: `external_id` is the key of one customer"},
        {"a country of no phone", FIELDS("  city: {column: a, country: DE}\n"),
         "6:21: `city` is not a phone number, so it has no `country`"},
        {"an unknown country", FIELDS("  phone: {column: a, country: Ruritania}\n"),
         "6:31: `Ruritania` is not a country\nhint: write its code"},
        {"no key", JOB_HEAD JOB_INPUT JOB_PROVIDER "fields: {email: e}\n",
         "4:1: `external_id` is not mapped"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);
}

static void a_date_format_has_day_month_and_year_once_each(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        bool good;
    } cases[] = {
        {"DD/MM/YYYY", true},
        {"MM-DD-YYYY", true},
        {"YYYYMMDD", true},
        {"D.M.YYYY", true},
        {"YYYY M D", true},
        {"DDMMYYYY", true},
        {"DD. MM. YYYY", true},
        {"D/MM/YYYY", true},
        {"DD/MM", false},
        {"DD/MM/YY', century: '1930", true},
        {"DD/MM/YY/YYYY", false},
        {"unix", true},
        {"unix_ms", true},
        {"excel", true},
        {"Excel", false},
        {"epoch", false},
        {"DD/MM/YYYY/DD", false},
        {"MM/M/YYYY", false},
        {"DMYYYY", false},
        {"DDMYYYY", false},
        {"D MYYYY", false},
        {"dd/mm/yyyy", false},
        {"DD/MMM/YYYY", true},
        {"MMMM D, YYYY", true},
        {"DD/MM/MMM/YYYY", false},
        {"DD/MMMMM/YYYY", false},
        {"DD/MM/YYYYY", false},
        {"DD/MM/YYYY HH", true},
        {"M/D/YYYY h:mm:ss A", true},
        {"M/D/YYYY h:mm:ss", false},
        {"//", false},
        {"DD....................................MM/YYYY", false},
        {"DD/MM/YYYY                                          ", false},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        char text[512];
        (void)snprintf(text, sizeof text, FIELDS("  date_of_birth: {column: d, format: '%s'}\n"),
                       cases[index].format);
        struct job_overrides overrides = {0};
        struct error error;
        struct job *job = job_text_load_with(text, &overrides, &error);
        if (!job != !cases[index].good)
            fail_msg("%s: %s", cases[index].format, error.text);
        job_free(job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_a_mapping_is_read),
        cmocka_unit_test(the_source_of_a_field_is_read),
        cmocka_unit_test(a_mapping_that_makes_no_sense_is_refused),
        cmocka_unit_test(a_date_format_has_day_month_and_year_once_each),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fields", tests, job_text_setup, job_text_teardown);
}
