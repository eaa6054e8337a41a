#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "core/memory.h"
#include "model/outcome.h"
#include "model/provider_fields.h"
#include "model/record.h"

static void the_words_of_a_name_and_the_digits_of_a_number_are_parts(void **state)
{
    (void)state;
    for (enum field_id field = 0; field < FIELD_COUNT; field++) {
        enum field_type type = field_type(field);
        if (type == FIELD_TYPE_NAME && field_parts(field) != FIELD_PARTS_NAME &&
            field_parts(field) != FIELD_PARTS_COMPANY)
            fail_msg("%s: its words are not masked alone", field_name(field));
        if ((type == FIELD_TYPE_PHONE || type == FIELD_TYPE_NATIONAL_ID) &&
            field_parts(field) != FIELD_PARTS_NUMBER)
            fail_msg("%s: its digits are not masked alone", field_name(field));
    }
    assert_int_equal(field_parts(FIELD_COUNT), FIELD_PARTS_NUMBER);
}

static void every_field_has_a_row_and_is_found_by_its_name(void **state)
{
    (void)state;
    const char *const *names = field_names();
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        assert_non_null(field_table[i].name);
        assert_int_equal(field_by_name(slice_from(field_table[i].name)), i);
        assert_ptr_equal(names[i], field_name((enum field_id)i));
        assert_true(strlen(field_table[i].help) <= 90); /* a line of `kyc-import help fields` */
        assert_int_equal(field_table[i].help[strlen(field_table[i].help) - 1], '.');
    }
    assert_null(names[FIELD_COUNT]);
    assert_string_equal(field_name(FIELD_CLIENT_IDENTIFIER), "client_identifier");
    assert_string_equal(field_name(FIELD_EXPECTED_TRANSACTION_COUNT), "expected_transaction_count");
    assert_int_equal(field_by_name(SLICE_LITERAL("e_mail")), FIELD_NONE);
    assert_int_equal(field_by_name(SLICE_LITERAL("")), FIELD_NONE);
    assert_string_equal(field_name(FIELD_NONE), "record");
}

static void a_document_has_a_place_of_its_own_among_the_documents(void **state)
{
    (void)state;
    assert_int_equal(FIELD_DOCUMENTS, 2);
    assert_int_equal(field_document(FIELD_DOCUMENT_FRONT), 0);
    assert_int_equal(field_document(FIELD_DOCUMENT_BACK), 1);
    assert_int_equal(field_document(FIELD_DOCUMENT_TYPE), FIELD_NO_DOCUMENT);
    assert_int_equal(field_document(FIELD_COUNT), FIELD_NO_DOCUMENT);
    assert_int_equal(field_document_count(), 2);
}

static void forms_and_words_are_those_of_the_type(void **state)
{
    (void)state;
    assert_string_equal(field_form(FIELD_DATE_OF_BIRTH), "date, YYYY-MM-DD");
    assert_string_equal(field_form(FIELD_COUNT), "text");
    assert_string_equal(field_words(FIELD_CUSTOMER_TYPE)[1], "business");
    assert_string_equal(field_words(FIELD_LANGUAGE)[0], "aa");
    assert_null(field_words(FIELD_OCCUPATION));
}

static void a_field_that_a_provider_lacks_is_not_found(void **state)
{
    (void)state;
    static const struct provider_field rows[] = {{.field = FIELD_EMAIL}, {.field = FIELD_CITY}};
    static const struct provider_fields fields = {.fields = rows, .field_count = 2};
    assert_ptr_equal(provider_fields_find(&fields, FIELD_EMAIL), &rows[0]);
    assert_ptr_equal(provider_fields_find(&fields, FIELD_CITY), &rows[1]);
    assert_null(provider_fields_find(&fields, FIELD_EXTERNAL_ID));
    assert_null(provider_fields_find(&fields, FIELD_PHONE));
    assert_null(provider_fields_find(&fields, FIELD_CLIENT_IDENTIFIER));
}

static void words_are_those_of_the_ledger_and_the_summary(void **state)
{
    (void)state;
    static const char *const outcomes[] = {"done",      "exists",    "refused",   "in_doubt", "not_sent",
                                           "throttled", "bad_nonce", "bad_token", "stop",     "withdrawn"};
    static const char *const causes[] = {"429", "5xx", "timeout", "connect", "nonce", "auth"};
    for (int i = OUTCOME_DONE; i <= OUTCOME_WITHDRAWN; i++)
        assert_string_equal(outcome_word((enum outcome_kind)i), outcomes[i]);
    for (int i = 0; i < RETRY_CAUSES; i++)
        assert_string_equal(retry_cause_word((enum retry_cause)i), causes[i]);
    assert_string_equal(operation_word(OPERATION_CREATE), "create");
    assert_string_equal(operation_word(OPERATION_UPDATE), "update");
    assert_string_equal(operation_word(OPERATION_LINK), "link");
    assert_string_equal(operation_word(OPERATION_DOCUMENT), "document");
}

static void a_reset_batch_is_empty_and_its_records_are_zero(void **state)
{
    (void)state;
    struct batch *batch = batch_new();
    for (size_t round = 0; round < 3; round++) {
        struct record zero = {0};
        for (size_t i = 0; i < BATCH_RECORDS_MAX; i++) {
            assert_memory_equal(&batch->records[i], &zero, sizeof zero);
            batch->records[i].row = i + 1;
            record_add_verdict(&batch->records[i], &batch->arena,
                               (struct verdict){FIELD_EMAIL, VERDICT_REJECT, RULE_FORMAT, {"", 0}});
        }
        batch->count = BATCH_RECORDS_MAX;
        batch->bytes = 5;
        batch->sequence = round + 1;
        batch_reset(batch);
        assert_int_equal(batch->count + batch->bytes + batch->sequence, 0);
    }
    batch_free(batch);
    batch_free(NULL);
}

static void verdicts_keep_their_order_and_only_a_reject_rejects(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    struct record record = {0};
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        record_add_verdict(&record, &arena,
                           (struct verdict){(enum field_id)i, VERDICT_WARN, RULE_INVISIBLE, {"", 0}});
        assert_false(record.rejected);
    }
    record_add_verdict(&record, &arena, (struct verdict){FIELD_NONE, VERDICT_REJECT, RULE_CUT, {"", 0}});
    assert_true(record.rejected);
    record_add_verdict(&record, &arena, (struct verdict){FIELD_EMAIL, VERDICT_WARN, RULE_INVISIBLE, {"", 0}});
    assert_true(record.rejected);
    assert_int_equal(record.verdict_count, FIELD_COUNT + 2);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        assert_int_equal(record.verdicts[i].field, i);
    assert_int_equal(record.verdicts[FIELD_COUNT].field, FIELD_NONE);
    arena_clear(&arena);
}

static struct slice text_in(struct arena *arena, const char *text)
{
    return arena_copy(arena, slice_from(text));
}

static void a_copy_outlives_its_batch(void **state)
{
    (void)state;
    struct batch *batch = batch_new();
    struct arena *from = &batch->arena, to;
    arena_init(&to, 1024);
    struct record *record = &batch->records[0];
    batch->count = 1;
    record->row = 7;
    record->line = 8;
    record->cell_count = 3;
    record->cells = arena_alloc(from, 3 * sizeof *record->cells);
    record->cells[0] = text_in(from, "one");
    record->cells[1] = (struct slice){NULL, 0};
    record->cells[2] = text_in(from, "three");
    record->values = arena_alloc(from, FIELD_COUNT * sizeof *record->values);
    memset(record->values, 0, FIELD_COUNT * sizeof *record->values);
    record->values[FIELD_EMAIL] = (struct value){text_in(from, "ada@example.com"), VALUE_PRESENT};
    record->values[FIELD_CLIENT_IDENTIFIER] = (struct value){text_in(from, "x"), VALUE_FAILED};
    record_add_verdict(record, from,
                       (struct verdict){FIELD_EMAIL, VERDICT_WARN, RULE_INVISIBLE, text_in(from, "odd")});
    record->unique_hash[3] = 42;
    record->digest[RECORD_DIGEST_LEN - 1] = 9;
    char *document = arena_bytes(from, RECORD_DOCUMENT_DIGEST_LEN);
    memset(document, 5, RECORD_DOCUMENT_DIGEST_LEN);
    record->document_digest = arena_alloc(from, 2 * sizeof *record->document_digest);
    record->document_digest[0] = NULL;
    record->document_digest[1] = (const uint8_t *)document;

    struct record *copy = record_copy(record, &to);
    memset(arena_bytes(&to, 100), '!', 100);
    memset((char *)record->cells[0].data, '!', 3);
    memset((char *)record->values[FIELD_EMAIL].text.data, '!', 15);
    memset((char *)record->verdicts[0].message.data, '!', 3);
    memset(record->values, 0xff, FIELD_COUNT * sizeof *record->values);
    memset(record->cells, 0xff, 3 * sizeof *record->cells);
    memset(record->verdicts, 0xff, sizeof *record->verdicts);
    memset(document, '!', RECORD_DOCUMENT_DIGEST_LEN);
    batch_free(batch);

    assert_int_equal(copy->row, 7);
    assert_int_equal(copy->line, 8);
    assert_true(slice_is(copy->cells[0], "one") && slice_is(copy->cells[1], "") &&
                slice_is(copy->cells[2], "three"));
    assert_true(slice_is(copy->values[FIELD_EMAIL].text, "ada@example.com"));
    assert_int_equal(copy->values[FIELD_EMAIL].state, VALUE_PRESENT);
    assert_int_equal(copy->values[FIELD_CLIENT_IDENTIFIER].state, VALUE_FAILED);
    assert_int_equal(copy->values[FIELD_PHONE].state, VALUE_ABSENT);
    assert_int_equal(copy->verdict_count, 1);
    assert_true(slice_is(copy->verdicts[0].message, "odd"));
    assert_int_equal(copy->unique_hash[3], 42);
    assert_int_equal(copy->digest[RECORD_DIGEST_LEN - 1], 9);
    assert_null(copy->document_digest[0]);
    assert_int_equal(copy->document_digest[1][0], 5);
    assert_int_equal(copy->document_digest[1][RECORD_DOCUMENT_DIGEST_LEN - 1], 5);

    /* The copy has no room of the old arena: a verdict more makes its own. */
    record_add_verdict(copy, &to, (struct verdict){FIELD_CITY, VERDICT_REJECT, RULE_REQUIRED, {"", 0}});
    assert_true(slice_is(copy->verdicts[0].message, "odd"));
    assert_int_equal(copy->verdicts[1].field, FIELD_CITY);
    arena_clear(&to);
}

static void a_broken_record_is_copied_with_its_raw_bytes(void **state)
{
    (void)state;
    struct arena to;
    arena_init(&to, 1024);
    char raw[] = "a,\"b", why[] = "an open quote";
    struct record record = {
        .fault = RULE_MALFORMED, .raw = slice_from(raw), .fault_message = slice_from(why)};
    struct record *copy = record_copy(&record, &to);
    raw[0] = why[0] = '!';
    assert_true(slice_is(copy->raw, "a,\"b") && slice_is(copy->fault_message, "an open quote"));
    assert_null(copy->cells);
    assert_null(copy->values);
    arena_clear(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_of_a_name_and_the_digits_of_a_number_are_parts),
        cmocka_unit_test(every_field_has_a_row_and_is_found_by_its_name),
        cmocka_unit_test(a_document_has_a_place_of_its_own_among_the_documents),
        cmocka_unit_test(forms_and_words_are_those_of_the_type),
        cmocka_unit_test(a_field_that_a_provider_lacks_is_not_found),
        cmocka_unit_test(words_are_those_of_the_ledger_and_the_summary),
        cmocka_unit_test(a_reset_batch_is_empty_and_its_records_are_zero),
        cmocka_unit_test(verdicts_keep_their_order_and_only_a_reject_rejects),
        cmocka_unit_test(a_copy_outlives_its_batch),
        cmocka_unit_test(a_broken_record_is_copied_with_its_raw_bytes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
