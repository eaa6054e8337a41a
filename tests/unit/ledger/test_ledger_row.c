/* Rows as structs and as columns: each column has its own member, and both ways agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/ledger_row.h"
#include "unit/ledger/row_text.h"

static const struct ledger_table *const tables[] = {&ledger_customer_table, &ledger_event_table,
                                                    &ledger_run_table, &ledger_task_table};

/* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
enum { TABLES = sizeof tables / sizeof *tables };

union row {
    struct ledger_customer customer;
    struct ledger_event event;
    struct ledger_run run;
    struct ledger_task task;
};

/* Every member has a value that no other member has, in the order of the columns. */
static const struct ledger_customer customer = {
    .id = 1,
    .external_id = {"2", 1},
    .former_key = {"3", 1},
    .state = LEDGER_CREATED,
    .user_id = {"5", 1},
    .digest = {"6\0", 2},
    .member_digests = {"7\0", 2},
    .email_digest = {"8\0", 2},
    .left_out = {"9\0", 2},
    .kept = {"10", 2},
    .identity = {"11", 2},
    .twin = LEDGER_TWIN_STOPPED,
    .verdict = INT64_MAX - 13,
    .operation = OPERATION_UPDATE,
    .pending_digest = {"15", 2},
    .pending_member_digests = {"16", 2},
    .pending_email_digest = {"17", 2},
    .idempotency_key = {"18", 2},
    .first_sent_at = (uint64_t)INT64_MAX - 19,
    .refusals = UINT32_MAX - 20,
    .attempts = UINT32_MAX - 21,
    .http_status = 22,
    .code = {"23", 2},
    .message = {"24", 2},
    .request_id = {"25", 2},
    .first_run = 26,
    .updated_run = 27,
    .updated_at = 28,
    .verification = VERIFICATION_REJECTED,
    .verification_word = {"30", 2},
    .verification_reason = {"31", 2},
    .verification_at = 32,
    .link_at = 33,
};

static const struct ledger_event event = {
    .id = 1,
    .run = 2,
    .customer = 3,
    .row = 4,
    .operation = {"5", 1},
    .outcome = {"6", 1},
    .at = (uint64_t)INT64_MAX - 7,
    .attempt = UINT32_MAX - 8,
    .latency_ms = UINT32_MAX - 9,
    .http_status = 10,
    .seal = {"11", 2},
    .user_id = {"12", 2},
    .digest = {"13", 2},
    .code = {"14", 2},
    .request_id = {"15", 2},
    .body_digest = {"16", 2},
    .chain = {"17", 2},
};

static const struct ledger_run run = {
    .id = 1,
    .epoch = 2,
    .command = {"3", 1},
    .started = {"4", 1},
    .finished = {"5", 1},
    .status = 6,
    .version = {"7", 1},
    .job_digest = {"8", 1},
    .inputs = {"9", 1},
    .counts = {"10", 2},
    .chain_head = {"11", 2},
};

static const struct ledger_task task = {
    .id = 1,
    .customer = 2,
    .kind = LEDGER_TASK_DOCUMENT,
    .slot = {"4", 1},
    .state = LEDGER_TASK_REFUSED,
    .digest = {"6\0", 2},
    .idempotency_key = {"7", 1},
    .attempts = UINT32_MAX - 8,
    .http_status = 9,
    .code = {"10", 2},
    .created_at = (uint64_t)INT64_MAX - 11,
    .updated_at = (uint64_t)INT64_MAX - 12,
};

/* The name, type and value of each column, as people find them in a ledger; `!`: it requires a value. */
static const char *const customer_columns[] = {
    "id! number 1",
    "external_id text 2",
    "former_key text 3",
    "state! text created",
    "user_id text 5",
    "digest blob 6",
    "member_digests blob 7",
    "email_digest blob 8",
    "left_out blob 9",
    "kept text 10",
    "identity blob 11",
    "twin text stopped",
    "verdict number 9223372036854775794",
    "operation! text update",
    "pending_digest blob 15",
    "pending_member_digests blob 16",
    "pending_email_digest blob 17",
    "idempotency_key text 18",
    "first_sent_at number 9223372036854775788",
    "refusals! number 4294967275",
    "attempts! number 4294967274",
    "http_status number 22",
    "code text 23",
    "message text 24",
    "request_id text 25",
    "first_run number 26",
    "updated_run number 27",
    "updated_at! number 28",
    "verification text rejected",
    "verification_word text 30",
    "verification_reason text 31",
    "verification_at number 32",
    "link_at number 33",
};

static const char *const event_columns[] = {
    "id! number 1",
    "run number 2",
    "customer! number 3",
    "row! number 4",
    "operation! text 5",
    "outcome! text 6",
    "at! number 9223372036854775800",
    "attempt! number 4294967287",
    "latency_ms! number 4294967286",
    "http_status number 10",
    "seal! blob 11",
    "user_id text 12",
    "digest blob 13",
    "code text 14",
    "request_id text 15",
    "body_digest blob 16",
    "chain blob 17",
};

static const char *const run_columns[] = {
    "id! number 1",    "epoch! number 2", "command! text 3",    "started! text 4",
    "finished text 5", "status number 6", "version text 7",     "job_digest text 8",
    "inputs text 9",   "counts text 10",  "chain_head text 11",
};

static const char *const task_columns[] = {
    "id! number 1",
    "customer! number 2",
    "kind! text document",
    "slot! text 4",
    "state! text refused",
    "digest blob 6",
    "idempotency_key text 7",
    "attempts! number 4294967287",
    "http_status number 9",
    "code text 10",
    "created_at! number 9223372036854775796",
    "updated_at! number 9223372036854775795",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))
_Static_assert(COUNT(customer_columns) == LEDGER_CUSTOMER_COLUMNS, "every column of customer");
_Static_assert(COUNT(event_columns) == LEDGER_EVENT_COLUMNS, "every column of event");
_Static_assert(COUNT(run_columns) == LEDGER_RUN_COLUMNS, "every column of run");
_Static_assert(COUNT(task_columns) == LEDGER_TASK_COLUMNS, "every column of task");

static const struct {
    const char *const *columns;
    const void *row;
} full[TABLES] = {
    {customer_columns, &customer},
    {event_columns, &event},
    {run_columns, &run},
    {task_columns, &task},
};

static void describe(const struct ledger_column *column, const struct ledger_value *value, char *out,
                     size_t size)
{
    static const char *const types[] = {
        [LEDGER_NUMBER] = "number", [LEDGER_TEXT] = "text", [LEDGER_BLOB] = "blob"};
    int len =
        snprintf(out, size, "%s%s %s ", column->name, column->is_required ? "!" : "", types[column->type]);
    if (value->is_null)
        snprintf(out + len, size - (size_t)len, "NULL");
    else if (column->type == LEDGER_NUMBER)
        snprintf(out + len, size - (size_t)len, "%lld", (long long)value->number);
    else
        snprintf(out + len, size - (size_t)len, "%.*s", (int)value->bytes.len, value->bytes.data);
}

static void each_column_has_the_value_of_its_own_member(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        struct ledger_value values[LEDGER_COLUMNS_MAX];
        ledger_row_to_values(tables[i], full[i].row, values);
        for (size_t j = 0; j < tables[i]->count; j++) {
            char got[96];
            describe(&tables[i]->columns[j], &values[j], got, sizeof got);
            assert_string_equal(got, full[i].columns[j]);
        }
    }
    assert_string_equal(ledger_customer_table.name, "customer");
    assert_string_equal(ledger_event_table.name, "event");
    assert_string_equal(ledger_run_table.name, "run");
    assert_string_equal(ledger_task_table.name, "task");
}

/* The columns that seals and the chain cover are told by their places. */
static void the_parts_of_an_event_and_a_run_are_where_the_chain_expects_them(void **state)
{
    (void)state;
    assert_string_equal(ledger_event_table.columns[LEDGER_EVENT_FIXED_COLUMNS - 1].name, "seal");
    assert_string_equal(ledger_event_table.columns[LEDGER_EVENT_FIXED_COLUMNS].name, "user_id");
    size_t end = LEDGER_EVENT_FIXED_COLUMNS + LEDGER_EVENT_BODY_COLUMNS;
    assert_string_equal(ledger_event_table.columns[end - 1].name, "request_id");
    assert_string_equal(ledger_event_table.columns[end].name, "body_digest");
    assert_string_equal(ledger_run_table.columns[LEDGER_RUN_SEALED_COLUMNS].name, "chain_head");
    assert_int_equal(LEDGER_RUN_SEALED_COLUMNS, LEDGER_RUN_COLUMNS - 1);
}

static void assert_same_values(const struct ledger_table *table, const struct ledger_value *got,
                               const struct ledger_value *want)
{
    for (size_t i = 0; i < table->count; i++)
        if (got[i].is_null != want[i].is_null || got[i].number != want[i].number ||
            !slice_equal(got[i].bytes, want[i].bytes))
            fail_msg("%s.%s", table->name, table->columns[i].name);
}

static void values_make_the_row_that_they_came_from(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLES; i++)
        for (int copies = 0; copies < 2; copies++) {
            struct ledger_value values[LEDGER_COLUMNS_MAX], again[LEDGER_COLUMNS_MAX];
            struct arena arena;
            union row row;
            arena_init(&arena, 1024);
            memset(&row, 0xa5, sizeof row);
            ledger_row_to_values(tables[i], full[i].row, values);
            assert_null(ledger_row_from_values(tables[i], values, copies ? &arena : NULL, &row));
            ledger_row_to_values(tables[i], &row, again);
            assert_same_values(tables[i], again, values);
            for (size_t j = 0; j < tables[i]->count; j++) {
                bool is_slice = tables[i]->columns[j].type != LEDGER_NUMBER && values[j].bytes.len < 3;
                if (!is_slice) /* the words of an enum are constants */
                    continue;
                assert_true((again[j].bytes.data == values[j].bytes.data) == !copies);
                assert_true(!copies || again[j].bytes.data[again[j].bytes.len] == '\0');
            }
            arena_clear(&arena);
        }
}

/* A row of which only the required values are there, and those are empty or 0. */
static void what_is_absent_is_null_and_nothing_else_is(void **state)
{
    static const struct ledger_customer no_customer = {.state = LEDGER_JOURNALLED};
    static const struct ledger_event no_event = {.id = 0};
    static const struct ledger_run no_run = {.status = -1};
    static const struct ledger_task no_task = {.id = 0};
    static const void *const rows[TABLES] = {&no_customer, &no_event, &no_run, &no_task};
    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        struct ledger_value values[LEDGER_COLUMNS_MAX], again[LEDGER_COLUMNS_MAX];
        union row row;
        ledger_row_to_values(tables[i], rows[i], values);
        for (size_t j = 0; j < tables[i]->count; j++)
            if (values[j].is_null == tables[i]->columns[j].is_required)
                fail_msg("%s.%s", tables[i]->name, tables[i]->columns[j].name);
        memset(&row, 0xa5, sizeof row);
        assert_null(ledger_row_from_values(tables[i], values, NULL, &row));
        ledger_row_to_values(tables[i], &row, again);
        assert_same_values(tables[i], again, values);
    }
    /* A run that ended with status 0 has a status. */
    const struct ledger_run ended = {.status = 0};
    struct ledger_value values[LEDGER_COLUMNS_MAX];
    ledger_row_to_values(&ledger_run_table, &ended, values);
    assert_false(values[5].is_null);
}

static void a_row_without_a_required_value_is_not_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLES; i++)
        for (size_t j = 0; j < tables[i]->count; j++) {
            struct ledger_value values[LEDGER_COLUMNS_MAX];
            union row row;
            ledger_row_to_values(tables[i], full[i].row, values);
            values[j] = (struct ledger_value){.is_null = true};
            const char *lacks = ledger_row_from_values(tables[i], values, NULL, &row);
            if (tables[i]->columns[j].is_required)
                assert_string_equal(lacks, tables[i]->columns[j].name);
            else
                assert_null(lacks);
        }
}

static void words_are_those_that_people_query(void **state)
{
    static const char *const words[] = {
        [LEDGER_JOURNALLED] = "journalled", [LEDGER_IN_DOUBT] = "in_doubt", [LEDGER_CREATED] = "created",
        [LEDGER_REFUSED] = "refused",       [LEDGER_UNSENT] = "unsent",     [LEDGER_ERASED] = "erased",
    };
    static const char *const twins[] = {
        [LEDGER_TWIN_NONE] = "",
        [LEDGER_TWIN_REFUSED] = "refused",
        [LEDGER_TWIN_STOPPED] = "stopped",
        [LEDGER_TWIN_ALLOWED] = "allowed",
    };
    static const char *const verifications[] = {"", "pending", "action_needed", "verified", "rejected"};
    struct ledger_value values[LEDGER_COLUMNS_MAX];
    struct ledger_customer row = {.id = 1};
    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        assert_string_equal(ledger_state_word((enum ledger_state)i), words[i]);
        assert_int_equal(ledger_state_from(slice_from(words[i])), i);
    }
    for (size_t i = 0; i < COUNT(twins); i++) {
        row.twin = (enum ledger_twin)i;
        ledger_row_to_values(&ledger_customer_table, &row, values);
        assert_true(slice_is(values[11].bytes, twins[i]));
        assert_int_equal(values[11].is_null, i == LEDGER_TWIN_NONE);
    }
    for (int i = 0; i < VERIFICATION_COUNT; i++) {
        row.verification = (enum verification)i;
        ledger_row_to_values(&ledger_customer_table, &row, values);
        assert_true(slice_is(values[28].bytes, verifications[i]));
        assert_int_equal(values[28].is_null, i == VERIFICATION_UNKNOWN);
        assert_int_equal(ledger_row_verification(values[28].bytes), i);
    }
    assert_int_equal(ledger_row_verification(SLICE_LITERAL("approved")), VERIFICATION_UNKNOWN);
    /* Words of another program: the state, and the twin, in which nothing is sent unchecked. */
    assert_int_equal(ledger_state_from(SLICE_LITERAL("paused")), LEDGER_IN_DOUBT);
    assert_int_equal(ledger_state_from(slice_make(NULL, 0)), LEDGER_IN_DOUBT);
    assert_int_equal(ledger_state_from(SLICE_LITERAL("Created")), LEDGER_IN_DOUBT);
    values[11] = (struct ledger_value){.bytes = SLICE_LITERAL("maybe")};
    assert_null(ledger_row_from_values(&ledger_customer_table, values, NULL, &row));
    assert_int_equal(row.twin, LEDGER_TWIN_REFUSED);
}

static void words_of_tasks_are_those_that_people_query(void **state)
{
    static const char *const kinds[] = {"link", "document"};
    static const char *const states[] = {"journalled", "in_doubt", "done", "refused", "unsent", "erased"};
    struct ledger_value values[LEDGER_COLUMNS_MAX];
    struct ledger_task row = {.id = 1}, again;
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++)
        for (size_t j = 0; j < COUNT(states); j++) {
            row.kind = (enum ledger_task_kind)i;
            row.state = (enum ledger_task_state)j;
            ledger_row_to_values(&ledger_task_table, &row, values);
            assert_true(slice_is(values[2].bytes, kinds[i]));
            assert_true(slice_is(values[4].bytes, states[j]));
            assert_string_equal(ledger_task_kind_word(row.kind), kinds[i]);
            assert_string_equal(ledger_task_state_word(row.state), states[j]);
            assert_null(ledger_row_from_values(&ledger_task_table, values, NULL, &again));
            assert_int_equal(again.kind, i);
            assert_int_equal(again.state, j);
        }
    /* Of another program: it may have been carried out. */
    values[4].bytes = SLICE_LITERAL("paused");
    assert_null(ledger_row_from_values(&ledger_task_table, values, NULL, &again));
    assert_int_equal(again.state, LEDGER_TASK_IN_DOUBT);
}

/* 128 bytes: of a user's id. */
#define PART    "0123456789abcdef0123456789abcdef"
#define LONGEST PART PART PART PART

#define OPEN "pending=abc pending_members=abc first_sent=1 "

static void a_row_that_does_not_fit_its_state_is_found(void **state)
{
    static const struct {
        const char *row, *lacks;
    } cases[] = {
        {"key=C state=unsent", NULL},
        {"state=unsent", NULL}, /* its key was released */
        {"state=refused", "external_id"},
        {"state=created user=U", "external_id"},
        {"state=erased", "external_id"},
        {"key=C state=erased", NULL},
        {"key=C state=created user=U", NULL},
        {"key=C state=created", "user_id"},
        {"key=C state=created user=" LONGEST, NULL},
        {"key=C state=created user=" LONGEST "x", "user_id that an answer can have"},
        {"key=C state=created " OPEN, "user_id"},
        {"key=C state=unsent user=U", "state created, and a user_id"},
        {"key=C state=refused user=U", "state created, and a user_id"},
        {"key=C state=in_doubt user=U " OPEN, "state created, and a user_id"},
        {"key=C state=erased user=U", "state created, and a user_id"},
        {"key=C state=journalled " OPEN, NULL},
        {"key=C state=in_doubt " OPEN, NULL},
        {"key=C state=journalled pending=abc pending_members=abc", "first_sent_at"},
        {"key=C state=in_doubt pending=abc pending_members=abc", "first_sent_at"},
        {"key=C state=in_doubt operation=update " OPEN, "open create, and is in doubt"},
        {"key=C state=journalled operation=update " OPEN, "open create, and is in doubt"},
        {"key=C state=refused " OPEN, "state in_doubt, and an open create"},
        {"key=C state=unsent " OPEN, "state in_doubt, and an open create"},
        {"key=C state=erased " OPEN, "state in_doubt, and an open create"},
        {"key=C state=created user=U " OPEN, "state in_doubt, and an open create"},
        {"key=C state=created user=U operation=update " OPEN, NULL},
        {"key=C state=refused operation=update " OPEN, "user_id, and an open update"},
        {"key=C state=journalled first_sent=1", "pending_digest"},
        {"key=C state=created user=U operation=update first_sent=1", "pending_digest"},
        {"key=C state=created user=U digest=abc", "member_digests"},
        {"key=C state=created user=U digest=abc members=abc", NULL},
        {"key=C state=created user=U members=abc", NULL},
        {"key=C state=refused pending=abc", "pending_member_digests"},
        {"key=C state=refused pending=abc pending_members=abc", NULL},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena, 1024);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ledger_customer row = row_text_make(&arena, cases[i].row);
        const char *lacks = ledger_customer_lacks(&row);
        if (!lacks != !cases[i].lacks || (lacks && strcmp(lacks, cases[i].lacks) != 0))
            fail_msg("%s: has no %s", cases[i].row, lacks ? lacks : "fault");
        arena_reset(&arena);
    }
    arena_clear(&arena);
}

static void only_what_was_never_sent_is_untouched(void **state)
{
    static const struct {
        const char *row;
        bool want;
    } cases[] = {
        {"key=C state=unsent", true},
        {"key=C state=refused twin=refused", true},
        {"key=C state=refused twin=stopped", true},
        {"key=C state=unsent twin=allowed", false},
        {"key=C state=unsent attempts=1", false},
        {"key=C state=refused refusals=1", false},
        {"key=C state=journalled " OPEN, false},
        {"key=C state=in_doubt " OPEN, false},
        {"key=C state=created user=U", false},
        {"key=C state=erased", false},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena, 1024);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ledger_customer row = row_text_make(&arena, cases[i].row);
        if (ledger_customer_is_untouched(&row) != cases[i].want)
            fail_msg("%s", cases[i].row);
    }
    arena_clear(&arena);
}

/* A hostile answer. */
static void a_text_that_a_database_refuses_is_cleaned(void **state)
{
    (void)state;
    struct arena arena;
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS], before[LEDGER_CUSTOMER_COLUMNS];
    const struct ledger_customer hostile = {
        .id = 1,
        .external_id = SLICE_LITERAL("K\xff"),
        .digest = SLICE_LITERAL("\0\xff"),
        .code = SLICE_LITERAL("a\0b\xc3"),
        .message = SLICE_LITERAL("\xed\xa0\x80"),
        .request_id = SLICE_LITERAL("\xc3\xa4\xf0\x9f\x98\x80"),
    };
    arena_init(&arena, 256);
    ledger_row_to_values(&ledger_customer_table, &hostile, before);
    memcpy(values, before, sizeof values);
    ledger_row_clean(&ledger_customer_table, values, &arena);
    for (size_t i = 0; i < LEDGER_CUSTOMER_COLUMNS; i++) {
        const char *name = ledger_customer_table.columns[i].name;
        struct slice want = before[i].bytes;
        if (strcmp(name, "code") == 0)
            want = SLICE_LITERAL("a\xef\xbf\xbd"
                                 "b\xef\xbf\xbd");
        else if (strcmp(name, "message") == 0)
            want = SLICE_LITERAL("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
        if (!slice_equal(values[i].bytes, want))
            fail_msg("%s: %.*s", name, (int)values[i].bytes.len, values[i].bytes.data);
        assert_int_equal(values[i].is_null, before[i].is_null);
    }
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_column_has_the_value_of_its_own_member),
        cmocka_unit_test(the_parts_of_an_event_and_a_run_are_where_the_chain_expects_them),
        cmocka_unit_test(values_make_the_row_that_they_came_from),
        cmocka_unit_test(what_is_absent_is_null_and_nothing_else_is),
        cmocka_unit_test(a_row_without_a_required_value_is_not_used),
        cmocka_unit_test(words_are_those_that_people_query),
        cmocka_unit_test(words_of_tasks_are_those_that_people_query),
        cmocka_unit_test(a_row_that_does_not_fit_its_state_is_found),
        cmocka_unit_test(only_what_was_never_sent_is_untouched),
        cmocka_unit_test(a_text_that_a_database_refuses_is_cleaned),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_row", tests, NULL, NULL);
}
