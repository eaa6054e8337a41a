/* job_documents: each source of an entry is a field of its own. */
#include "unit/job/job_text.h"

#define FIELDS(text) JOB_HEAD JOB_INPUT JOB_PROVIDER "fields:\n  external_id: id\n" text

static const struct job_mapping *mapping_of(const struct job *job, const char *name)
{
    enum field_id field = field_by_name(slice_from(name));
    const struct job_mapping *mapping = field == FIELD_NONE ? NULL : job_mapping_of(job, field);
    if (!mapping)
        fail_msg("%s is not mapped", name);
    return mapping;
}

static void every_part_is_a_field_with_a_source(void **state)
{
    (void)state;
    struct job *job = job_text_load(
        FIELDS("  documents:\n"
               "    - {number: ssn, type: {value: ssn}, country: {value: US}}\n"
               "    - type: {columns: [kind, art], default: passport, values: {pp: passport}}\n"
               "      expiry: {column: until, format: DD.MM.YYYY}\n"
               "      number: {column: no, match: '(\\w+).*', replace: '$1'}\n"
               "      files: {selfie: me, front: a}\n"
               "  metadata.plan: plan\n") "rules:\n  - {field: 'documents[1].number', must_match: x}\n");
    assert_int_equal(field_count(), FIELD_COUNT + 9);
    assert_int_equal(field_by_name(SLICE_LITERAL("metadata.plan")), FIELD_COUNT);
    static const char *const names[] = {"documents[0].type",         "documents[0].number",
                                        "documents[0].country",      "documents[1].type",
                                        "documents[1].number",       "documents[1].expiry",
                                        "documents[1].files.selfie", "documents[1].files.front"};
    static const enum field_type types[] = {FIELD_TYPE_TEXT,     FIELD_TYPE_TEXT,    FIELD_TYPE_COUNTRY,
                                            FIELD_TYPE_TEXT,     FIELD_TYPE_TEXT,    FIELD_TYPE_DATE,
                                            FIELD_TYPE_DOCUMENT, FIELD_TYPE_DOCUMENT};
    for (size_t i = 0; i < 8; i++) {
        enum field_id field = (enum field_id)(FIELD_COUNT + 1 + i);
        assert_string_equal(field_name(field), names[i]);
        assert_int_equal(field_by_name(slice_from(names[i])), field);
        assert_int_equal(field_type(field), types[i]);
        assert_int_equal(field_group(field), FIELD_GROUP_DOCUMENTS);
        assert_int_equal(field_entry(field)->index, i < 3 ? 0 : 1);
    }
    assert_null(field_entry(FIELD_COUNT));
    assert_true(slice_is(field_entry((enum field_id)(FIELD_COUNT + 7))->file, "selfie"));
    assert_int_equal(field_document((enum field_id)(FIELD_COUNT + 7)), FIELD_DOCUMENTS);
    assert_int_equal(field_document((enum field_id)(FIELD_COUNT + 8)), FIELD_DOCUMENTS + 1);
    assert_int_equal(field_document_count(), FIELD_DOCUMENTS + 2);

    assert_string_equal(mapping_of(job, "documents[0].type")->constant, "ssn");
    assert_string_equal(mapping_of(job, "documents[0].number")->columns->name, "ssn");
    assert_int_equal(mapping_of(job, "documents[1].type")->column_count, 2);
    assert_string_equal(mapping_of(job, "documents[1].type")->fallback, "passport");
    assert_int_equal(mapping_of(job, "documents[1].expiry")->format_count, 1);
    assert_string_equal(mapping_of(job, "documents[1].number")->replace, "$1");
    assert_string_equal(mapping_of(job, "documents[1].files.front")->columns->name, "a");
    assert_int_equal(job->rules[0].field, FIELD_COUNT + 5);
    job_free(job);

    job_free(job_text_load(JOB_WHOLE));
    assert_int_equal(field_count(), FIELD_COUNT);
    assert_int_equal(field_document_count(), FIELD_DOCUMENTS);
}

static void what_cannot_be_a_document_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct job_text_case cases[] = {
        {"a column", FIELDS("  documents: doc\n"),
         "6:14: `documents` is a list of entries\nhint: as in - {type"},
        {"no entry", FIELDS("  documents: []\n"), "6:14: `documents` is a list of entries"},
        {"an entry that is no mapping", FIELDS("  documents: [passport]\n"),
         "6:15: an entry of `documents` is a mapping"},
        {"a misspelt part", FIELDS("  documents: [{typ: a, number: b}]\n"),
         "6:16: an entry of `documents` has no `typ`"},
        {"nothing to send", FIELDS("  documents: [{type: a, country: b}]\n"),
         "6:15: this entry of `documents` has neither a `number` nor `files`"},
        {"files that are no mapping", FIELDS("  documents: [{type: a, files: [b]}]\n"),
         "6:32: `files` is a mapping of what a file shows to its source"},
        {"a file's word", FIELDS("  documents: [{type: a, files: {Front side: b}}]\n"),
         "6:33: `Front side` is not a word for a file"},
        {"a long word",
         FIELDS("  documents: [{type: a, files: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: b}}]\n"),
         "6:33: `aaaaa"},
        {"a date's format of a number", FIELDS("  documents: [{type: a, number: {column: b, format: DD}}]\n"),
         "6:45: `documents[0].number` is not a date"},
        {"a default of a constant", FIELDS("  documents: [{type: {value: a, default: b}, number: c}]\n"),
         "6:33: `documents[0].type` has a `value`"},
        {"a part by its name", FIELDS("  documents[0].number: a\n"),
         "6:3: `documents[0].number` is a part of an entry of `documents`"},
        {"a rule for a part that is not there",
         FIELDS(
             "  documents: [{type: a, number: b}]\n") "rules:\n  - {field: 'documents[1].number', must_match: x}\n",
         "8:13: `documents[1].number` is not mapped in `fields`"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);

    char text[8192] = FIELDS("  documents:\n");
    for (size_t i = 0; i <= FIELD_ENTRIES_MAX; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "    - {type: t, number: n}\n");
    assert_non_null(strstr(job_text_refuse(text), "`documents` has 17 entries; the maximum is 16"));
    (void)snprintf(text, sizeof text, "%s", FIELDS("  documents:\n    - type: t\n      files:\n"));
    for (size_t i = 0; i < FIELD_ENTRY_PARTS_MAX; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "        f%zu: c\n", i);
    assert_non_null(strstr(job_text_refuse(text), "more than 96 parts together"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_is_a_field_with_a_source),
        cmocka_unit_test(what_cannot_be_a_document_is_refused_at_its_place),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("job_documents", tests, job_text_setup, job_text_teardown);
}
