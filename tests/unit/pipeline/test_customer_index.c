/* customer_index: values seen in a run, duplicates, and the customers of the ledger that were not seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/hash_table.h"
#include "model/record.h"
#include "pipeline/customer_index.h"

enum { MANY = 100 * 1000 };

static void a_value_is_seen_once_and_remembers_its_record(void **state)
{
    (void)state;
    struct customer_index *index = customer_index_new(2);
    assert_int_equal(customer_index_mark_seen(index, 0, 42, 7), 0);
    assert_int_equal(customer_index_mark_seen(index, 0, 42, 9), 7);
    assert_int_equal(customer_index_mark_seen(index, 0, 42, 11), 7);
    assert_int_equal(customer_index_mark_seen(index, 1, 42, 9), 0);
    assert_int_equal(customer_index_mark_seen(index, 0, 0, 12), 0);
    assert_int_equal(customer_index_mark_seen(index, 0, 0, 13), 12);
    assert_int_equal(customer_index_missing_count(index), 0);
    assert_null(customer_index_find(index, 42));
    customer_index_free(index);
}

static void many_values_are_kept_apart(void **state)
{
    (void)state;
    struct customer_index *index = customer_index_new(1);
    char text[32];
    for (int round = 0; round < 2; round++)
        for (uint64_t i = 1; i <= MANY; i++) {
            int len = snprintf(text, sizeof text, "cust-%llu", (unsigned long long)i);
            uint64_t earlier =
                customer_index_mark_seen(index, 0, hash_table_hash(slice_make(text, (size_t)len)), i);
            assert_int_equal(earlier, round ? i : 0);
        }
    customer_index_free(index);
}

/* Rows of three inputs, of which the second is empty; the unique values are hashes. */
static void a_duplicate_names_the_row_that_had_the_value_first(void **state)
{
    static const struct {
        const char *sentence;
        uint32_t input;
        uint64_t row;
        unsigned known;
        uint64_t key, tax_id;
        const char *want; /* FIELD MESSAGE of the verdict; "": none */
    } examples[] = {
        {"the first row", 0, 1, 3, 11, 21, ""},
        {"another key and value", 0, 2, 3, 12, 22, ""},
        {"a value that is not known", 0, 3, 1, 13, 22, ""},
        {"the key of the second row", 0, 4, 1, 12, 0, "external_id the same value as in row 2 of a.csv"},
        {"a third one with that key", 0, 5, 1, 12, 0, "external_id the same value as in row 2 of a.csv"},
        {"the first row of the last input", 2, 1, 3, 14, 24, ""},
        {"the key of the row before it", 2, 2, 1, 14, 0, "external_id the same value as in row 1 of c.csv"},
        {"a value of the first input", 2, 3, 3, 15, 21, "tax_id the same value as in row 1 of a.csv"},
        {"a key of the first input's last row", 2, 4, 1, 13, 0,
         "external_id the same value as in row 3 of a.csv"},
    };
    const char *paths[] = {"a.csv", "b.csv", "c.csv"};
    struct job_rule rule = {
        .kind = JOB_RULE_UNIQUE, .field = FIELD_TAX_ID, .level = VERDICT_WARN, .unique_index = 1};
    const struct job job = {
        .input = {.paths = paths, .path_count = 3}, .rules = &rule, .rule_count = 1, .unique_count = 2};
    struct customer_index *index = customer_index_new(2);
    struct arena arena;
    (void)state;
    arena_init(&arena, 1024);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct record record = {.input = examples[i].input,
                                .row = examples[i].row,
                                .unique_known = examples[i].known,
                                .unique_hash = {examples[i].key, examples[i].tax_id}};
        char got[160] = "";
        customer_index_check_unique(index, &job, &record, &arena);
        if (record.verdict_count > 0)
            snprintf(got, sizeof got, "%s %.*s", field_name(record.verdicts[0].field),
                     (int)record.verdicts[0].message.len, record.verdicts[0].message.data);
        bool is_key = strncmp(examples[i].want, "external_id", 11) == 0;
        if (strcmp(got, examples[i].want) != 0 || record.verdict_count > 1 || record.rejected != is_key)
            fail_msg("%s: %s", examples[i].sentence, got);
    }
    arena_clear(&arena);
    customer_index_free(index);
}

enum customer_kind { CREATED, REFUSED, UNSENT, OPEN };

static void add(struct ledger *ledger, const char *key, enum customer_kind kind)
{
    static const uint8_t digest[FINGERPRINT_LEN] = {1};
    const struct ledger_intent intent = {.external_id = slice_from(key),
                                         .row = 1,
                                         .operation = OPERATION_CREATE,
                                         .digest = digest,
                                         .member_digests = SLICE_LITERAL("12345678"),
                                         .at_ns = 1};
    static const enum ledger_conclusion conclusions[] = {[CREATED] = LEDGER_RESULT_ACKNOWLEDGED,
                                                         [REFUSED] = LEDGER_RESULT_REFUSED,
                                                         [UNSENT] = LEDGER_RESULT_ABANDONED};
    struct outcome outcome = {.kind = kind == REFUSED ? OUTCOME_REFUSED : OUTCOME_DONE, .http_status = 200};
    snprintf(outcome.user_id, sizeof outcome.user_id, "U-%s", key);
    struct ledger_result result = {.operation = OPERATION_CREATE,
                                   .event = kind != UNSENT,
                                   .outcome = kind == UNSENT ? NULL : &outcome,
                                   .attempt = kind != UNSENT,
                                   .at_ns = 2};
    struct error error;
    bool taken;
    assert_int_equal(ledger_begin(ledger, &error), 0);
    assert_int_equal(ledger_journal(ledger, &intent, &result.id, &error), 0);
    if (kind != OPEN) {
        result.conclusion = conclusions[kind];
        assert_int_equal(ledger_result(ledger, &result, &taken, &error), 0);
    }
    assert_int_equal(ledger_commit(ledger, &error), 0);
}

static char folder[32], path[64];

static struct ledger *open_ledger(void)
{
    const struct ledger_identity identity = {"x", "kira", SLICE_LITERAL("https://a.example")};
    const struct ledger_place place = {.location = path, .job = identity.job};
    struct error error;
    strcpy(folder, "/tmp/kyc-index-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/ledger", folder);
    struct ledger *ledger = ledger_open(&place, LEDGER_WRITE, &identity, &error);
    assert_non_null(ledger);
    return ledger;
}

static void remove_ledger(struct ledger *ledger)
{
    static const char *const suffixes[] = {"", ".lock", ".key", "-wal", "-shm"};
    ledger_close(ledger);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(path, sizeof path, "%s/ledger%s", folder, suffixes[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* None, fewer and more than are placed together. */
static void every_customer_of_the_ledger_is_found(void **state)
{
    static const size_t counts[] = {0, 1, 15, 16, 17, 100};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct ledger *ledger = open_ledger();
        struct customer_index *index = customer_index_new(1);
        struct error error;
        char key[32];
        for (size_t n = 1; n <= counts[i]; n++) {
            snprintf(key, sizeof key, "key-%zu", n);
            add(ledger, key, n % 3 == 0 ? OPEN : CREATED);
        }
        assert_int_equal(customer_index_load(index, ledger, &error), 0);
        for (size_t n = 1; n <= counts[i]; n++) {
            snprintf(key, sizeof key, "key-%zu", n);
            const struct customer_index_entry *entry =
                customer_index_find(index, hash_table_hash(slice_from(key)));
            assert_non_null(entry);
            assert_int_equal(entry->id, n);
            assert_int_equal(entry->open, n % 3 == 0);
        }
        assert_null(customer_index_find(index, hash_table_hash(SLICE_LITERAL("key-0"))));
        assert_int_equal(customer_index_missing_count(index), counts[i]);
        customer_index_free(index);
        remove_ledger(ledger);
    }
}

static void missing_customers_and_those_in_doubt_are_counted(void **state)
{
    (void)state;
    struct ledger *ledger = open_ledger();
    struct error error;
    struct customer_index *index = customer_index_new(1);
    add(ledger, "created", CREATED);
    add(ledger, "refused", REFUSED);
    add(ledger, "open-1", OPEN);
    add(ledger, "open-2", OPEN);
    add(ledger, "unsent-1", UNSENT); /* the provider never had them */
    add(ledger, "unsent-2", UNSENT);
    assert_int_equal(customer_index_load(index, ledger, &error), 0);
    assert_int_equal(customer_index_missing_count(index), 4);
    assert_int_equal(customer_index_missing_in_doubt(index), 2);
    customer_index_mark_seen(index, 0, hash_table_hash(SLICE_LITERAL("created")), 1);
    customer_index_mark_seen(index, 0, hash_table_hash(SLICE_LITERAL("unsent-1")), 4);
    assert_int_equal(customer_index_missing_count(index), 3);
    assert_int_equal(customer_index_missing_in_doubt(index), 2);
    customer_index_mark_seen(index, 0, hash_table_hash(SLICE_LITERAL("open-2")), 2);
    customer_index_mark_seen(index, 0, hash_table_hash(SLICE_LITERAL("open-2")), 3);
    assert_int_equal(customer_index_missing_count(index), 2);
    assert_int_equal(customer_index_missing_in_doubt(index), 1);
    customer_index_free(index);
    remove_ledger(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_seen_once_and_remembers_its_record),
        cmocka_unit_test(many_values_are_kept_apart),
        cmocka_unit_test(a_duplicate_names_the_row_that_had_the_value_first),
        cmocka_unit_test(every_customer_of_the_ledger_is_found),
        cmocka_unit_test(missing_customers_and_those_in_doubt_are_counted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("customer_index", tests, NULL, NULL);
}
