#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/safe_open.h"
#include "unit/rules/fixture.h"

static const char *const refused[] = {"KP", NULL};
static const char *const restricted[] = {"RU", NULL};
static const char *const languages[] = {"en", "es", NULL};

/* A provider that asks for different things of different customers. */
static const struct provider_field fields[] = {
    {.field = FIELD_EXTERNAL_ID, .required = true},
    {.field = FIELD_CUSTOMER_TYPE},
    {.field = FIELD_FIRST_NAME, .required = true, .applies_to = PROVIDER_INDIVIDUALS, .min_chars = 2},
    {.field = FIELD_COMPANY_NAME, .required = true, .applies_to = PROVIDER_BUSINESSES},
    {.field = FIELD_DATE_OF_BIRTH},
    {.field = FIELD_COUNTRY, .refused_countries = refused, .warned_countries = restricted},
    {.field = FIELD_NATIONALITIES,
     .refused_countries = refused,
     .warned_countries = restricted,
     .first_only = true},
    {.field = FIELD_LANGUAGE, .values = languages},
    {.field = FIELD_SOURCE_OF_FUNDS, .recommended = true},
    {.field = FIELD_NATIONAL_ID, .required = true, .applies_to = PROVIDER_NOT_FOREIGN},
    {.field = FIELD_DOCUMENT_FRONT},
    {.field = FIELD_NONE, .group = FIELD_GROUP_METADATA, .max_chars = 5},
};
static const struct provider_fields provider_fields = {
    .fields = fields, .field_count = COUNT(fields), .slot_count = 1};

static struct fixture *fixture_with_requirements(void)
{
    struct fixture *fixture = fixture_new();
    fixture->provider = &provider_fields;
    return fixture;
}

struct row {
    const char *sentence, *type, *country, *first_name, *company, *funds, *national_id, *verdicts;
};

static void what_is_required_depends_on_the_customer(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"an individual", "", "DE", "Anna", "", "work", "", ""},
        {"an individual without a name", "individual", "DE", "", "", "work", "", "first_name/required"},
        {"a business", "business", "DE", "", "Example Ltd", "work", "HRB 1", ""},
        {"a business without a name", "Business", "DE", "", "", "work", "HRB 1", "company_name/required"},
        {"a business without a number", "business", "DE", "", "Example Ltd", "work", "",
         "national_id/required"},
        {"an individual in the US", "", "US", "Anna", "", "work", "078-05-1120", ""},
        {"one without a national number", "", "USA", "Anna", "", "work", "", "national_id/required"},
        {"one with a bad one", "", "US", "Anna", "", "work", "1234", "national_id/format"},
        {"a business in the US", "business", "US", "", "Example Ltd", "work", "12-3456789", ""},
        {"one with a bad EIN", "business", "US", "", "Example Ltd", "work", "HRB 1", "national_id/format"},
        {"a customer of no known type", "person", "US", "", "", "work", "", "customer_type/enum"},
        {"a country that failed is not blamed again", "", "Atlantis", "Anna", "", "work", "",
         "country/country"},
        {"a recommended field", "", "DE", "Anna", "", "", "", "source_of_funds/required(warn)"},
        {"a name too short", "", "DE", "A", "", "work", "", "first_name/too_short"},
        {"two characters are enough", "", "DE",
         "\xc3\x85"
         "\xc3\x85",
         "", "work", "", ""},
    };
    struct fixture *fixture = fixture_with_requirements();
    for (size_t i = 0; i < COUNT(rows); i++) {
        fixture_map(fixture, FIELD_CUSTOMER_TYPE, rows[i].type);
        fixture_map(fixture, FIELD_COUNTRY, rows[i].country);
        fixture_map(fixture, FIELD_FIRST_NAME, rows[i].first_name);
        fixture_map(fixture, FIELD_COMPANY_NAME, rows[i].company);
        fixture_map(fixture, FIELD_SOURCE_OF_FUNDS, rows[i].funds);
        fixture_map(fixture, FIELD_NATIONAL_ID, rows[i].national_id);
        const char *verdicts = fixture_validate(fixture);
        if (strcmp(verdicts, rows[i].verdicts) != 0)
            fail_msg("%s: %s", rows[i].sentence, verdicts);
    }
    fixture_free(fixture);
}

/* Required of some, and a warning for the others. */
static void what_is_required_of_some_may_be_recommended_to_others(void **state)
{
    (void)state;
    static const struct provider_field rows_of_all[] = {
        {.field = FIELD_EXTERNAL_ID, .required = true},
        {.field = FIELD_CUSTOMER_TYPE},
        {.field = FIELD_COUNTRY},
        {.field = FIELD_NATIONAL_ID,
         .required = true,
         .recommended = true,
         .applies_to = PROVIDER_NOT_FOREIGN},
    };
    static const struct provider_fields provider = {
        .fields = rows_of_all, .field_count = COUNT(rows_of_all), .slot_count = 1};
    static const struct {
        const char *sentence, *type, *country, *national_id, *verdicts;
    } rows[] = {
        {"an individual abroad", "", "DE", "", "national_id/required(warn)"},
        {"one whose country is not known", "", "", "", "national_id/required(warn)"},
        {"one with a number", "", "DE", "12 345", ""},
        {"an individual in the US", "", "US", "", "national_id/required"},
        {"a business abroad", "business", "DE", "", "national_id/required"},
        {"a business in the US", "business", "US", "", "national_id/required"},
        {"a country that failed", "", "Atlantis", "", "country/country"},
        {"a type that failed", "person", "DE", "", "customer_type/enum"},
    };
    for (size_t relaxed = 0; relaxed < 2; relaxed++) {
        struct fixture *fixture = fixture_new();
        fixture->provider = &provider;
        if (relaxed)
            fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_NATIONAL_ID);
        for (size_t i = 0; i < COUNT(rows); i++) {
            fixture_map(fixture, FIELD_CUSTOMER_TYPE, rows[i].type);
            fixture_map(fixture, FIELD_COUNTRY, rows[i].country);
            fixture_map(fixture, FIELD_NATIONAL_ID, rows[i].national_id);
            const char *verdicts = fixture_validate(fixture);
            bool is_about_it = strstr(rows[i].verdicts, "national_id") != NULL;
            if (strcmp(verdicts, relaxed && is_about_it ? "" : rows[i].verdicts) != 0)
                fail_msg("%s%s: %s", rows[i].sentence, relaxed ? ", relaxed" : "", verdicts);
        }
        fixture_free(fixture);
    }
}

/* Of businesses alone the number needs a place in the job. */
static void a_job_of_businesses_maps_what_they_need(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_with_requirements();
    fixture_map(fixture, FIELD_COMPANY_NAME, "Example Ltd");
    fixture_map(fixture, FIELD_CUSTOMER_TYPE, "")->constant = "business";
    assert_false(fixture_build(fixture));
    assert_non_null(strstr(fixture->error.text, "requires national_id"));
    fixture_free(fixture);
}

static void a_relaxed_requirement_is_not_checked(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_with_requirements();
    fixture_map(fixture, FIELD_FIRST_NAME, "Anna");
    fixture_map(fixture, FIELD_COUNTRY, "US");
    fixture_map(fixture, FIELD_SOURCE_OF_FUNDS, "work");
    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_NATIONAL_ID);
    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_DATE_OF_BIRTH);
    assert_string_equal(fixture_validate(fixture), "");
    fixture_free(fixture);

    fixture = fixture_with_requirements();
    fixture_map(fixture, FIELD_COMPANY_NAME, "Example Ltd");
    assert_false(fixture_build(fixture));
    assert_non_null(strstr(fixture->error.text, "requires first_name"));
    fixture_free(fixture);
}

static void countries_are_refused_or_warned_of(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *country, *nationalities, *verdicts, *want;
    } cases[] = {
        {"one", "DE", "DE", "", "DE"},
        {"the same twice is one", "DE", "DE|DE", "", "DE"},
        {"neither", "DE", "DE|FR", "nationalities/dropped(warn)", "DE|FR"},
        {"a warned one", "Russia", "DE", "country/country_refused(warn)", "DE"},
        {"a refused first nationality", "DE", "KP|DE", "nationalities/country_refused", "!"},
        {"a second one is not sent", "DE", "DE|KP",
         "nationalities/country_refused(warn) nationalities/dropped(warn)", "DE|KP"},
        {"nor is a warned one", "DE", "DE|RU",
         "nationalities/country_refused(warn) nationalities/dropped(warn)", "DE|RU"},
        {"a warned first one", "DE", "RU|DE",
         "nationalities/country_refused(warn) nationalities/dropped(warn)", "RU|DE"},
        {"an unknown second one", "DE", "DE|Atlantis", "nationalities/country", "!"},
        {"a single one", "DE", "KP", "nationalities/country_refused", "!"},
    };
    struct fixture *fixture = fixture_with_requirements();
    fixture_map(fixture, FIELD_FIRST_NAME, "Anna");
    fixture_map(fixture, FIELD_SOURCE_OF_FUNDS, "work");
    for (size_t i = 0; i < COUNT(cases); i++) {
        fixture_map(fixture, FIELD_COUNTRY, cases[i].country);
        fixture_map(fixture, FIELD_NATIONALITIES, cases[i].nationalities)->split = "|";
        const char *verdicts = fixture_validate(fixture);
        const char *value = fixture_value(fixture, FIELD_NATIONALITIES);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].want) != 0)
            fail_msg("%s: %s, %s", cases[i].sentence, value, verdicts);
    }
    fixture_free(fixture);
}

/* The job's provider.nationality says which field is the nationality. */
static void the_country_of_birth_may_be_the_nationality(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *birth_country, *verdicts, *want;
    } cases[] = {
        {"as it is", "Germany", "", "DE"},
        {"none", "", "birth_country/required", "-"},
        {"a refused one", "KP", "birth_country/country_refused", "!"},
        {"a restricted one", "RU", "birth_country/country_refused(warn)", "RU"},
        {"none that is known", "Atlantis", "birth_country/country", "!"},
    };
    static const struct provider_field rows_of_all[] = {
        {.field = FIELD_EXTERNAL_ID, .required = true},
        {.field = FIELD_NATIONALITIES,
         .required = true,
         .refused_countries = refused,
         .warned_countries = restricted,
         .first_only = true},
    };
    static const struct provider_fields provider = {
        .fields = rows_of_all, .field_count = COUNT(rows_of_all), .slot_count = 1};
    struct fixture *fixture = fixture_new();
    fixture->provider = &provider;
    fixture->job.provider =
        (struct job_provider){JOB_SETTINGS(JOB_NUMBER(SETTING_NATIONALITY, JOB_NATIONALITY_BIRTH_COUNTRY))};
    fixture_map(fixture, FIELD_NATIONALITIES, "KP|FR")->split = "|";
    for (size_t i = 0; i < COUNT(cases); i++) {
        fixture_map(fixture, FIELD_BIRTH_COUNTRY, cases[i].birth_country);
        const char *verdicts = fixture_validate(fixture);
        const char *value = fixture_value(fixture, FIELD_NATIONALITIES);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].want) != 0)
            fail_msg("%s: %s, %s", cases[i].sentence, value, verdicts);
    }
    fixture_free(fixture);
}

static void a_provider_may_take_few_languages(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_with_requirements();
    fixture_map(fixture, FIELD_FIRST_NAME, "Anna");
    fixture_map(fixture, FIELD_SOURCE_OF_FUNDS, "work");
    fixture_map(fixture, FIELD_LANGUAGE, "de");
    assert_string_equal(fixture_validate(fixture), "language/enum");
    fixture_map(fixture, FIELD_LANGUAGE, "ES");
    assert_string_equal(fixture_validate(fixture), "");
    fixture_free(fixture);
}

static void the_jobs_own_fields_are_texts(void **state)
{
    (void)state;
    const struct slice names[] = {SLICE_LITERAL("additional_info.note"), SLICE_LITERAL("metadata.plan")};
    field_define(names, 2);
    enum field_id note = FIELD_COUNT, plan = note + 1;
    struct fixture *fixture = fixture_with_requirements();
    fixture_map(fixture, FIELD_FIRST_NAME, "Anna");
    fixture_map(fixture, FIELD_SOURCE_OF_FUNDS, "work");
    fixture_map(fixture, note, "no place for it");
    fixture_map(fixture, plan, "  gold ");
    struct job_rule *rule = fixture_rule(fixture, JOB_RULE_MATCH, plan);
    rule->pattern = "^[a-z]+$";
    assert_string_equal(fixture_validate(fixture), "");
    assert_string_equal(fixture_value(fixture, plan), "gold");
    assert_string_equal(fixture_value(fixture, note), "-");
    fixture_map(fixture, plan, "GOLD");
    assert_string_equal(fixture_validate(fixture), "metadata.plan/format");
    fixture_map(fixture, plan, "golden");
    assert_string_equal(fixture_validate(fixture), "metadata.plan/too_long");
    fixture_free(fixture);
    field_define(NULL, 0);
}

static void write_file(const char *folder, const char *name, const char *bytes)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
    close(fd);
}

static void a_document_is_a_file_below_its_folder(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text, *verdicts;
        const char *below; /* how safe_open_file takes it: "yes", "no", or NULL: no path */
    } cases[] = {
        {"a URL", "https://example.com/id.png", "", NULL},
        {"a URL without a host", "https:///id.png", "document_front/format", NULL},
        {"a URL that is not safe", "http://example.com/id.png", "document_front/format", NULL},
        /* printf '\xff\xd8\xff\xe0' | base64; … '%PDF-1.4' … */
        {"a data URI", "data:image/jpeg;base64,/9j/4A==", "", NULL},
        {"one of a PDF, in capitals", "DATA:Application/PDF;BASE64,JVBERi0xLjQ=", "", NULL},
        {"one of another type", "data:image/png;base64,/9j/4A==", "document_front/format", NULL},
        {"one of a text", "data:text/plain;base64,aGVsbG8=", "document_front/format", NULL},
        {"one without base64", "data:image/jpeg,%ff%d8%ff", "document_front/format", NULL},
        {"one without its padding", "data:image/jpeg;base64,/9j/4A", "document_front/format", NULL},
        {"one with a letter that is none", "data:image/jpeg;base64,/9j/4-==", "document_front/format", NULL},
        {"one without content", "data:image/jpeg;base64,", "document_front/format", NULL},
        {"a JPEG", "a.jpg", "", "yes"},
        {"a PNG in a folder", "sub/a.png", "", "yes"},
        {"a PDF", "./a.pdf", "", "yes"},
        {"a GIF", "a.gif", "document_front/format", "yes"},
        {"an empty file", "empty", "document_front/format", "yes"},
        {"no file", "missing.jpg", "document_front/format", "no"},
        {"a folder", "sub", "document_front/format", "no"},
        {"a pipe", "pipe", "document_front/format", "no"},
        {"out of it", "../outside.jpg", "document_front/format", "no"},
        {"out of it and in again", "sub/../a.jpg", "document_front/format", "no"},
        {"an absolute path", "/etc/passwd", "document_front/format", "no"},
        {"a link out of it", "link.jpg", "document_front/format", "no"},
        {"by a linked folder", "linked/a.png", "document_front/format", "no"},
    };
    char top[] = "/tmp/kyc-documents-XXXXXX", folder[64], path[128];
    assert_non_null(mkdtemp(top));
    (void)snprintf(folder, sizeof folder, "%s/in", top);
    (void)snprintf(path, sizeof path, "%s/sub", folder);
    assert_int_equal(mkdir(folder, 0700) | mkdir(path, 0700), 0);
    write_file(top, "outside.jpg", "\xff\xd8\xff\xe0");
    write_file(folder, "a.jpg", "\xff\xd8\xff\xe0");
    write_file(folder, "sub/a.png", "\x89PNG\r\n\x1a\nrest");
    write_file(folder, "a.pdf", "%PDF-1.4");
    write_file(folder, "a.gif", "GIF89a..");
    write_file(folder, "empty", "");
    (void)snprintf(path, sizeof path, "%s/link.jpg", folder);
    assert_int_equal(symlink("../outside.jpg", path), 0);
    (void)snprintf(path, sizeof path, "%s/linked", folder);
    assert_int_equal(symlink("sub", path), 0);
    (void)snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);

    struct fixture *fixture = fixture_with_requirements();
    job_parts_set(&fixture->job.provider, fixture->settings,
                  (struct job_setting_value)JOB_TEXT(SETTING_DOCUMENTS, folder));
    fixture_map(fixture, FIELD_FIRST_NAME, "Anna");
    fixture_map(fixture, FIELD_SOURCE_OF_FUNDS, "work");
    int fd = safe_open_folder(folder);
    for (size_t i = 0; i < COUNT(cases); i++) {
        fixture_map(fixture, FIELD_DOCUMENT_FRONT, cases[i].text);
        const char *verdicts = fixture_validate(fixture);
        if (strcmp(verdicts, cases[i].verdicts) != 0)
            fail_msg("%s: %s", cases[i].sentence, verdicts);
        if (!cases[i].below)
            continue;
        int file = safe_open_file(fd, slice_from(cases[i].text));
        int same = safe_open_file_by_steps(fd, slice_from(cases[i].text));
        bool want = strcmp(cases[i].below, "yes") == 0;
        if ((file >= 0) != want || (same >= 0) != want)
            fail_msg("%s: opened %d, by steps %d", cases[i].sentence, file, same);
        close(file);
        close(same);
    }
    close(fd);
    fixture_free(fixture);

    fixture = fixture_with_requirements();
    fixture_map(fixture, FIELD_FIRST_NAME, "Anna");
    fixture_map(fixture, FIELD_SOURCE_OF_FUNDS, "work");
    fixture_map(fixture, FIELD_DOCUMENT_FRONT, "a.jpg");
    assert_string_equal(fixture_validate(fixture), "document_front/format");
    fixture_free(fixture);

    fixture = fixture_with_requirements();
    job_parts_set(&fixture->job.provider, fixture->settings,
                  (struct job_setting_value)JOB_TEXT(SETTING_DOCUMENTS, "/nonexistent/folder"));
    assert_false(fixture_build(fixture));
    assert_non_null(strstr(fixture->error.text, "/nonexistent/folder"));
    fixture_free(fixture);

    static const char *const made[] = {"in/a.jpg",    "in/sub/a.png", "in/a.pdf",  "in/a.gif",
                                       "in/empty",    "in/link.jpg",  "in/linked", "in/pipe",
                                       "outside.jpg", "in/sub",       "in",        ""};
    for (size_t i = 0; i < COUNT(made); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", top, made[i]);
        assert_int_equal(remove(path), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_required_depends_on_the_customer),
        cmocka_unit_test(what_is_required_of_some_may_be_recommended_to_others),
        cmocka_unit_test(a_job_of_businesses_maps_what_they_need),
        cmocka_unit_test(a_relaxed_requirement_is_not_checked),
        cmocka_unit_test(countries_are_refused_or_warned_of),
        cmocka_unit_test(the_country_of_birth_may_be_the_nationality),
        cmocka_unit_test(a_provider_may_take_few_languages),
        cmocka_unit_test(the_jobs_own_fields_are_texts),
        cmocka_unit_test(a_document_is_a_file_below_its_folder),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("requirements", tests, NULL, NULL);
}
