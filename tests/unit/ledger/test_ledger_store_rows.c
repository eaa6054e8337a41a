/* What every database does with rows that it has read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/ledger_store_rows.h"

static void a_brief_lacks_what_its_state_requires(void **state)
{
    static const struct {
        struct ledger_brief brief;
        bool has_state;
        const char *lacks;
    } cases[] = {
        {{.external_id = {"K", 1}, .state = LEDGER_CREATED, .has_user_id = true}, true, NULL},
        {{.external_id = {"K", 1}, .state = LEDGER_CREATED}, true, "user_id"},
        {{.external_id = {"K", 1}, .state = LEDGER_REFUSED, .has_user_id = true},
         true,
         "state created, and a user_id"},
        {{.external_id = {"K", 1}, .state = LEDGER_JOURNALLED, .pending = true}, true, NULL},
        {{.external_id = {"K", 1}, .state = LEDGER_JOURNALLED}, true, "pending_digest"},
        {{.external_id = {"K", 1}, .state = LEDGER_IN_DOUBT}, true, "pending_digest"},
        {{.external_id = {"K", 1}, .state = LEDGER_IN_DOUBT, .pending = true}, false, "state"},
        {{.state = LEDGER_CREATED, .has_user_id = true}, true, "external_id"},
        {{.state = LEDGER_UNSENT}, true, NULL}, /* another customer was given its key */
        {{.external_id = {"erased:0", 8}, .state = LEDGER_ERASED}, true, NULL},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *lacks = ledger_store_rows_brief_lacks(&cases[i].brief, cases[i].has_state);
        if (!lacks != !cases[i].lacks || (lacks && strcmp(lacks, cases[i].lacks) != 0))
            fail_msg("%zu: %s", i, lacks ? lacks : "nothing");
    }
}

static void a_digest_begins_with_its_lowest_byte(void **state)
{
    (void)state;
    assert_int_equal(ledger_store_rows_digest_word(slice_make("\x01\x02\x03\x04\x05\x06\x07\x08\xff", 9)),
                     UINT64_C(0x0807060504030201));
    assert_int_equal(ledger_store_rows_digest_word(slice_make("\xfe", 1)), 0xfe);
    assert_int_equal(ledger_store_rows_digest_word(slice_make(NULL, 0)), 0);
}

static void columns_are_listed_in_a_format(void **state)
{
    static const struct ledger_column columns[] = {
        {.name = "id"}, {.name = "a"}, {.name = "b"}, {.name = "c"}};
    static const struct ledger_table table = {"t", columns, 4};
    struct buffer text;
    (void)state;

    buffer_init(&text, 256);
    ledger_store_rows_columns(&text, &table, "%", 0);
    assert_string_equal(text.data, "id, a, b, c");
    buffer_reset(&text);
    ledger_store_rows_columns(&text, &table, "% = v.%", 1 | 1 << 2);
    assert_string_equal(text.data, "a = v.a, c = v.c");
    buffer_clear(&text);
}

static void a_user_counts_once_by_its_state(void **state)
{
    static const struct ledger_store_rows_user users[] = {
        {.verification = {"verified", 8}, .at_ns = 10, .is_linked = true, .is_read = true},
        {.verification = {"verified", 8}, .at_ns = 9, .is_read = true},
        {.word = {"deleted", 7}, .at_ns = 11},
        {.word = {"deleted", 7}, .is_linked = true},
        {.at_ns = 0},
    };
    struct ledger_verification_counts counts = {.users = 0};
    (void)state;

    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        ledger_store_rows_count_verification(&counts, &users[i], 10);
    assert_int_equal(counts.users, 5);
    assert_int_equal(counts.states[VERIFICATION_VERIFIED], 2);
    assert_int_equal(counts.states[VERIFICATION_UNKNOWN], 1);
    assert_int_equal(counts.deleted, 2);
    assert_int_equal(counts.changed[VERIFICATION_VERIFIED], 1);
    assert_int_equal(counts.changed[VERIFICATION_UNKNOWN], 0);
    assert_int_equal(counts.changed_to_deleted, 1);
    assert_int_equal(counts.linked, 2);
    assert_int_equal(counts.never_read, 3);
}

static void damage_names_the_ledger_and_its_backup(void **state)
{
    struct error error;
    (void)state;
    assert_int_equal(ledger_store_rows_fail_damaged(&error, "/a/b", "it is odd"), -1);
    assert_int_equal(error.scope, ERROR_LEDGER);
    assert_string_equal(error.text, "the ledger /a/b is damaged: it is odd\n"
                                    "hint: restore it with its key file from a backup (kyc-import restore)");
    ledger_store_rows_fail_damaged(&error, "postgresql://db/kyc", "it is odd");
    assert_string_equal(error.text, "the ledger postgresql://db/kyc is damaged: it is odd\n"
                                    "hint: restore it from a backup (kyc-import restore)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_brief_lacks_what_its_state_requires),
        cmocka_unit_test(a_digest_begins_with_its_lowest_byte),
        cmocka_unit_test(columns_are_listed_in_a_format),
        cmocka_unit_test(a_user_counts_once_by_its_state),
        cmocka_unit_test(damage_names_the_ledger_and_its_backup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_store_rows", tests, NULL, NULL);
}
