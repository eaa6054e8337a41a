#include "unit/job/job_text.h"

#define FIELDS(text) JOB_HEAD JOB_INPUT JOB_PROVIDER "fields:\n  external_id: id\n" text

static void the_job_names_fields_in_two_groups(void **state)
{
    (void)state;
    struct job *job = job_text_load(
        FIELDS("  metadata.plan: plan\n"
               "  additional_info.note: {value: old}\n"
               "  metadata.Branch: {column: b, values: {a: b}}\n") "rules:\n  - {field: metadata.plan, "
                                                                   "must_match: x}\n");
    assert_int_equal(field_count(), FIELD_COUNT + 3);
    enum field_id note = field_by_name(SLICE_LITERAL("additional_info.note"));
    enum field_id branch = field_by_name(SLICE_LITERAL("metadata.Branch"));
    enum field_id plan = field_by_name(SLICE_LITERAL("metadata.plan"));
    assert_int_equal(note, FIELD_COUNT);
    assert_int_equal(branch, FIELD_COUNT + 1);
    assert_int_equal(plan, FIELD_COUNT + 2);
    assert_string_equal(job_mapping_of(job, plan)->columns->name, "plan");
    assert_string_equal(job_mapping_of(job, note)->constant, "old");
    assert_int_equal(job->rules[0].field, plan);
    assert_string_equal(field_name(plan), "metadata.plan");
    assert_string_equal(field_name_in_group(plan), "plan");
    assert_int_equal(field_group(note), FIELD_GROUP_ADDITIONAL_INFO);
    assert_int_equal(field_group(plan), FIELD_GROUP_METADATA);
    assert_int_equal(field_type(plan), FIELD_TYPE_TEXT);
    job_free(job);

    job_free(job_text_load(JOB_WHOLE));
    assert_int_equal(field_count(), FIELD_COUNT);
    assert_int_equal(field_by_name(SLICE_LITERAL("metadata.plan")), FIELD_NONE);
}

static void a_name_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct job_text_case cases[] = {
        {"the key's own", FIELDS("  metadata.external_id: x\n"), "6:3: `metadata.external_id` always holds"},
        {"an empty one", FIELDS("  metadata.: x\n"), "6:3: there is no customer field `metadata.`"},
        {"another object", FIELDS("  meta.plan: x\n"), "6:3: there is no customer field `meta.plan`"},
        {"a long one",
         FIELDS(
             "  metadata.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: x\n"),
         "6:3: `metadata.aaaa"},
        {"a date's format", FIELDS("  metadata.since: {column: c, format: DD/MM/YYYY}\n"),
         "6:31: `metadata.since` is not a date"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);

    char text[8192] = FIELDS("");
    for (size_t i = 0; i <= FIELD_OWN_MAX; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "  metadata.n%zu: c\n", i);
    assert_non_null(strstr(job_text_refuse(text), "at most 64 fields of metadata.*"));
}

static void client_identifier_is_computed_on_request(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text;
        bool is_auto;
    } cases[] = {
        {"the word", FIELDS("  client_identifier: auto\n"), true},
        {"the word as a value", FIELDS("  client_identifier: {value: auto}\n"), true},
        {"a column of that name", FIELDS("  client_identifier: {column: auto}\n"), false},
        {"any column", FIELDS("  client_identifier: concat\n"), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct job *job = job_text_load(cases[i].text);
        const struct job_mapping *mapping = job_mapping_of(job, FIELD_CLIENT_IDENTIFIER);
        if (mapping->is_auto != cases[i].is_auto || (mapping->column_count == 0) != cases[i].is_auto)
            fail_msg("%s", cases[i].sentence);
        job_free(job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_job_names_fields_in_two_groups),
        cmocka_unit_test(a_name_that_cannot_be_is_refused),
        cmocka_unit_test(client_identifier_is_computed_on_request),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("own_fields", tests, job_text_setup, job_text_teardown);
}
