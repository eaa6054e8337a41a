/* Seals and the chain are the published formula, computed here by another program's eyes. */
#include "ledger/ledger_chain.h"
#include "unit/erase_one.h"
#include "unit/ledger/ledger_fixture.h"

/* The vectors were computed from the text of ledger_chain.h by another program, with the key 00 01 … 1f. */

static struct ledger_sealer *make_sealer(void)
{
    uint8_t key[FINGERPRINT_KEY_LEN];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    return ledger_sealer_new(key);
}

static void assert_hex(const uint8_t *bytes, size_t len, const char *want)
{
    char hex[2 * DIGEST_SHA256_LEN + 1];
    assert_string_equal(digest_hex(bytes, len, hex), want);
}

static void seals_of_rows_are_the_published_formula(void **state)
{
    static const struct ledger_customer new_customer = {
        .id = 1, .external_id = {.data = "C-1", .len = 3}, .state = LEDGER_UNSENT};
    static const struct ledger_customer full = {
        .id = 7,
        .external_id = {.data = "K\xc3\xbcnde", .len = 6},
        .former_key = {.data = "C-0", .len = 3},
        .state = LEDGER_CREATED,
        .user_id = {.data = "U-1", .len = 3},
        .digest = {.data = "\0\1", .len = 2},
        .member_digests = {.data = "\2\0", .len = 2},
        .email_digest = {.data = "\3", .len = 1},
        .left_out = {.data = "\xff", .len = 1},
        .kept = {.data = "{\"a\":1}", .len = 7},
        .identity = {.data = "\1id", .len = 3},
        .twin = LEDGER_TWIN_ALLOWED,
        .verdict = 9,
        .operation = OPERATION_UPDATE,
        .pending_digest = {.data = "p", .len = 1},
        .pending_member_digests = {.data = "q", .len = 1},
        .pending_email_digest = {.data = "r", .len = 1},
        .idempotency_key = {.data = "key-1", .len = 5},
        .first_sent_at = UINT64_C(1) << 62,
        .refusals = 2,
        .attempts = 3,
        .http_status = -1,
        .code = {.data = "timeout", .len = 7},
        .message = {.data = "late", .len = 4},
        .request_id = {.data = "req-1", .len = 5},
        .first_run = 4,
        .updated_run = 5,
        .updated_at = 6,
        .verification = VERIFICATION_VERIFIED,
        .verification_word = {.data = "ok", .len = 2},
        .verification_reason = {.data = "none", .len = 4},
        .verification_at = 8,
        .link_at = 10,
    };
    struct ledger_run run = {.id = 2,
                             .epoch = 3,
                             .command = SLICE_LITERAL("run"),
                             .started = SLICE_LITERAL("2026-11-28T12:00:00Z"),
                             .status = -1,
                             .version = SLICE_LITERAL("1.0"),
                             .job_digest = SLICE_LITERAL("abc"),
                             .inputs = SLICE_LITERAL("[\"a.csv\"]")};
    struct ledger_sealer *sealer = make_sealer();
    struct ledger_value values[LEDGER_COLUMNS_MAX];
    uint8_t seal[LEDGER_SEAL_LEN];
    (void)state;
    ledger_row_to_values(&ledger_customer_table, &new_customer, values);
    ledger_sealer_seal(sealer, &ledger_customer_table, values, seal);
    assert_hex(seal, sizeof seal, "fb31a23f9f8ab8ba47625b537ecd3d1e");
    ledger_row_to_values(&ledger_customer_table, &full, values);
    ledger_sealer_seal(sealer, &ledger_customer_table, values, seal);
    assert_hex(seal, sizeof seal, "c92be2b99aa1fe7a0f4849d6283832d0");
    ledger_row_to_values(&ledger_run_table, &run, values);
    ledger_sealer_seal(sealer, &ledger_run_table, values, seal);
    assert_hex(seal, sizeof seal, "6a1996c04390119d817b318d2085fa21");
    run.finished = SLICE_LITERAL("2026-11-28T12:00:01Z");
    run.status = 0;
    for (int i = 0; i < 2; i++) { /* its chain_head, which comes after the seal, is not in it */
        ledger_row_to_values(&ledger_run_table, &run, values);
        ledger_sealer_seal(sealer, &ledger_run_table, values, seal);
        assert_hex(seal, sizeof seal, "357b24e4ec1f1d6309f1836d87446629");
        run.chain_head = SLICE_LITERAL("00ff");
    }
    ledger_sealer_free(sealer);
}

static void seals_of_tasks_are_the_published_formula(void **state)
{
    static const struct {
        struct ledger_task task;
        const char *seal;
    } cases[] = {
        {{.id = 3,
          .customer = 7,
          .kind = LEDGER_TASK_DOCUMENT,
          .slot = {.data = "ssn", .len = 3},
          .state = LEDGER_TASK_DONE,
          .digest = {.data = "\0\1", .len = 2},
          .idempotency_key = {.data = "key-1", .len = 5},
          .attempts = 2,
          .http_status = 201,
          .code = {.data = "code", .len = 4},
          .created_at = 40,
          .updated_at = 50},
         "2389dcba78b8828030ce3847334be5d0"},
        {{.id = 1, .customer = 1, .created_at = 40, .updated_at = 40}, "0749604d80b8e71194b6732639145547"},
    };
    struct ledger_sealer *sealer = make_sealer();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ledger_value values[LEDGER_TASK_COLUMNS];
        uint8_t seal[LEDGER_SEAL_LEN];
        ledger_row_to_values(&ledger_task_table, &cases[i].task, values);
        ledger_sealer_seal(sealer, &ledger_task_table, values, seal);
        assert_hex(seal, sizeof seal, cases[i].seal);
    }
    ledger_sealer_free(sealer);
}

static void the_chain_of_events_is_the_published_formula(void **state)
{
    static const char seal[] = "\0\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf";
    const struct ledger_event started = {.id = 1,
                                         .run = 1,
                                         .operation = SLICE_LITERAL("run"),
                                         .outcome = SLICE_LITERAL("started"),
                                         .at = 1000,
                                         .seal = slice_make(seal, LEDGER_SEAL_LEN)};
    const struct ledger_event done = {.id = 2,
                                      .run = 1,
                                      .customer = 7,
                                      .row = 12,
                                      .operation = SLICE_LITERAL("create"),
                                      .outcome = SLICE_LITERAL("done"),
                                      .at = 2000,
                                      .attempt = 1,
                                      .latency_ms = 250,
                                      .http_status = 201,
                                      .seal = slice_make(seal, LEDGER_SEAL_LEN),
                                      .user_id = SLICE_LITERAL("U-1"),
                                      .digest = slice_make("\1\2", 2),
                                      .code = SLICE_LITERAL("code"),
                                      .request_id = SLICE_LITERAL("req-1")};
    static const char *const heads[] = {"449baff493cb0973ee2457ccbd23e1f1941f5e07a761f20e2c626821e59b8685",
                                        "9602e78967b9f16c5da134c02cc240fafac4106c6473ceaa180a4f113a9065a3"};
    struct ledger_sealer *sealer = make_sealer();
    struct ledger_chain chain = {.last_event = 0};
    struct ledger_value values[LEDGER_EVENT_COLUMNS];
    uint8_t body[DIGEST_SHA256_LEN];
    (void)state;
    ledger_row_to_values(&ledger_event_table, &started, values);
    ledger_sealer_body(sealer, values, body);
    assert_hex(body, sizeof body, "b114c3fa655c0f8bbdf94592f8c6ec9e7a179f6a625d72aa138384bb495d6477");
    ledger_sealer_add(sealer, values, &chain);
    assert_hex(chain.head, sizeof chain.head, heads[0]);
    assert_int_equal(chain.last_event, 1);
    struct ledger_chain before = chain;
    ledger_row_to_values(&ledger_event_table, &done, values);
    ledger_sealer_body(sealer, values, body);
    assert_hex(body, sizeof body, "f5fcaf4a9ef20f71fb6c6302a711d7e35ad35e8ba97f5983a496df33b4f3d9bf");
    ledger_sealer_add(sealer, values, &chain);
    assert_hex(chain.head, sizeof chain.head, heads[1]);
    assert_int_equal(chain.last_event, 2);
    /* A stored chain is not in the chain; and B takes the place of a body that an erasure removed. */
    struct ledger_event erased = done;
    erased.user_id = erased.digest = erased.code = erased.request_id = slice_make(NULL, 0);
    erased.body_digest = slice_make((const char *)body, sizeof body);
    erased.chain = SLICE_LITERAL("anything");
    ledger_row_to_values(&ledger_event_table, &erased, values);
    ledger_sealer_add(sealer, values, &before);
    assert_hex(before.head, sizeof before.head, heads[1]);
    ledger_sealer_free(sealer);
}

/* No two rows or events have the same canonical bytes: a value cannot move to the next column. */
static void a_value_that_moves_or_changes_its_kind_changes_the_seal(void **state)
{
    static const struct ledger_customer rows[] = {
        {.id = 1, .code = {.data = "ab", .len = 2}},
        {.id = 1, .message = {.data = "ab", .len = 2}},
        {.id = 1, .code = {.data = "a", .len = 1}, .message = {.data = "b", .len = 1}},
        {.id = 1, .first_run = 2},
        {.id = 1, .updated_run = 2},
        {.id = 2},
    };
    struct ledger_sealer *sealer = make_sealer();
    uint8_t seals[sizeof rows / sizeof *rows][LEDGER_SEAL_LEN];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
        ledger_row_to_values(&ledger_customer_table, &rows[i], values);
        ledger_sealer_seal(sealer, &ledger_customer_table, values, seals[i]);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(seals[i], seals[j], LEDGER_SEAL_LEN);
    }
    ledger_sealer_free(sealer);
}

/* A whole ledger, read by SQL alone. */

#define CUSTOMER                                                                                              \
    "id, external_id, former_key, state, user_id, digest, member_digests, email_digest, left_out, kept, "     \
    "identity, twin, verdict, operation, pending_digest, pending_member_digests, pending_email_digest, "      \
    "idempotency_key, first_sent_at, refusals, attempts, http_status, code, message, request_id, first_run, " \
    "updated_run, updated_at, verification, verification_word, verification_reason, verification_at, link_at"
#define RUN "id, epoch, command, started, finished, status, version, job_digest, inputs, counts"

/* Appends columns [first, last) of the row in canonical form. */
static size_t put_row(sqlite3_stmt *statement, int first, int last, uint8_t *out)
{
    size_t len = 0;
    for (int i = first; i < last; i++) {
        bool is_number = sqlite3_column_type(statement, i) == SQLITE_INTEGER;
        bool is_null = sqlite3_column_type(statement, i) == SQLITE_NULL;
        const uint8_t *bytes = sqlite3_column_blob(statement, i);
        size_t count = is_number ? 8 : (size_t)sqlite3_column_bytes(statement, i);
        uint64_t number = (uint64_t)sqlite3_column_int64(statement, i);
        for (size_t j = 0; j < 4; j++)
            out[len++] = is_null ? 0xff : (uint8_t)(count >> (24 - 8 * j));
        for (size_t j = 0; j < count && !is_null; j++)
            out[len++] = is_number ? (uint8_t)(number >> (56 - 8 * j)) : bytes[j];
    }
    return len;
}

static void compute_hmac(const struct fixture *fixture, const char *label, const uint8_t *bytes, size_t len,
                         uint8_t out[DIGEST_SHA256_LEN])
{
    struct slice key = slice_make((const char *)ledger_fingerprint_key(fixture->ledger), FINGERPRINT_KEY_LEN);
    struct digest_hmac *hmac = digest_hmac_new(DIGEST_SHA256, key);
    digest_hmac_begin(hmac);
    digest_hmac_add(hmac, slice_make(label, strlen(label) + 1));
    digest_hmac_add(hmac, slice_make((const char *)bytes, len));
    digest_hmac_end(hmac, out);
    digest_hmac_free(hmac);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

static void copy_value(sqlite3_stmt *insert, int at, const PGresult *rows, int row)
{
    const char *text = PQgetvalue(rows, row, at);
    size_t len = (size_t)PQgetlength(rows, row, at);
    if (PQgetisnull(rows, row, at)) {
        sqlite3_bind_null(insert, at + 1);
    } else if (PQftype(rows, at) == 20) { /* bigint */
        sqlite3_bind_int64(insert, at + 1, strtoll(text, NULL, 10));
    } else if (PQftype(rows, at) == 17) { /* bytea */
        unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, &len);
        sqlite3_bind_blob(insert, at + 1, bytes, (int)len, SQLITE_TRANSIENT);
        PQfreemem(bytes);
    } else
        sqlite3_bind_text(insert, at + 1, text, (int)len, SQLITE_TRANSIENT);
}

/* A table of PostgreSQL, as it is in a file. */
static void copy_table(sqlite3 *db, const char *url, const char *table)
{
    char text[512];
    snprintf(text, sizeof text, "SELECT * FROM %s ORDER BY id", table);
    PGresult *rows = ledger_file_query(url, text);
    int columns = PQnfields(rows);
    int len = snprintf(text, sizeof text, "CREATE TABLE %s(", table);
    for (int i = 0; i < columns; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%s%s", i ? ", " : "", PQfname(rows, i));
    snprintf(text + len, sizeof text - (size_t)len, ")");
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    len = snprintf(text, sizeof text, "INSERT INTO %s VALUES(?", table);
    for (int i = 1; i < columns; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, ",?");
    snprintf(text + len, sizeof text - (size_t)len, ")");
    sqlite3_stmt *insert = prepare(db, text);
    for (int row = 0; row < PQntuples(rows); row++, sqlite3_reset(insert)) {
        for (int i = 0; i < columns; i++)
            copy_value(insert, i, rows, row);
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
    }
    sqlite3_finalize(insert);
    PQclear(rows);
}

/* What is stored, without us: the file; of a database its rows, in a file in memory. */
static sqlite3 *open_rows(const struct fixture *fixture)
{
    static const char *const tables[] = {"event", "customer", "run"};
    sqlite3 *db;
    assert_int_equal(sqlite3_open(ledger_file_server() ? ":memory:" : fixture->path, &db), SQLITE_OK);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    for (size_t i = 0; i < sizeof tables / sizeof *tables && ledger_file_server(); i++)
        copy_table(db, fixture->path, tables[i]);
    return db;
}

/* Each row, of which the last columns are the seal of its last event. */
static int64_t check_seals(const struct fixture *fixture, sqlite3 *db, const char *label, const char *text)
{
    sqlite3_stmt *statement = prepare(db, text);
    int last = sqlite3_column_count(statement) - 1;
    int64_t rows = 0;
    for (; sqlite3_step(statement) == SQLITE_ROW; rows++) {
        uint8_t bytes[4096], seal[DIGEST_SHA256_LEN];
        compute_hmac(fixture, label, bytes, put_row(statement, 0, last, bytes), seal);
        assert_int_equal(sqlite3_column_bytes(statement, last), LEDGER_SEAL_LEN);
        assert_memory_equal(sqlite3_column_blob(statement, last), seal, LEDGER_SEAL_LEN);
    }
    sqlite3_finalize(statement);
    return rows;
}

struct walked {
    int64_t events, customers, runs, stored; /* stored: chains */
    char head[LEDGER_HEAD_SIZE];
};

/* Recomputes every seal and every chain, and compares them with the stored ones. */
static struct walked walk(const struct fixture *fixture)
{
    struct walked walked = {.events = 0};
    uint8_t head[DIGEST_SHA256_LEN] = {0};
    sqlite3 *db = open_rows(fixture);
    sqlite3_stmt *statement = prepare(
        db, "SELECT id, run, customer, row, operation, outcome, at, attempt, latency_ms, http_status, seal, "
            "user_id, digest, code, request_id, body_digest, chain FROM event ORDER BY id");
    for (; sqlite3_step(statement) == SQLITE_ROW; walked.events++) {
        uint8_t bytes[4096], body[DIGEST_SHA256_LEN];
        assert_int_equal(sqlite3_column_int64(statement, 0), walked.events + 1);
        compute_hmac(fixture, "body", bytes, put_row(statement, 11, 15, bytes), body);
        if (sqlite3_column_type(statement, 15) != SQLITE_NULL)
            memcpy(body, sqlite3_column_blob(statement, 15), sizeof body);
        memcpy(bytes, head, sizeof head);
        size_t len = sizeof head + put_row(statement, 0, 11, bytes + sizeof head);
        memcpy(bytes + len, body, sizeof body);
        digest_sha256(slice_make((const char *)bytes, len + sizeof body), slice_make(NULL, 0), head);
        if (sqlite3_column_type(statement, 16) == SQLITE_NULL)
            continue;
        walked.stored++;
        assert_int_equal(sqlite3_column_bytes(statement, 16), sizeof head);
        assert_memory_equal(sqlite3_column_blob(statement, 16), head, sizeof head);
    }
    sqlite3_finalize(statement);
    digest_hex(head, sizeof head, walked.head);
    walked.customers = check_seals(
        fixture, db, "row",
        "SELECT " CUSTOMER ", (SELECT seal FROM event WHERE customer = c.id ORDER BY id DESC LIMIT 1) "
        "FROM customer AS c");
    walked.runs = check_seals(fixture, db, "run",
                              "SELECT " RUN ", (SELECT seal FROM event WHERE customer = 0 AND run = r.id "
                              "ORDER BY id DESC LIMIT 1) FROM run AS r");
    sqlite3_close(db);
    return walked;
}

static void finish_run(struct fixture *fixture)
{
    assert_int_equal(
        ledger_run_finish(fixture->ledger, 0, SLICE_LITERAL("[]"), SLICE_LITERAL("{}"), 9, &fixture->error),
        0);
}

static void write_result(struct fixture *fixture, int64_t id, enum ledger_conclusion conclusion,
                         const struct outcome *outcome)
{
    const struct ledger_result result = {.id = id,
                                         .row = 3,
                                         .operation = OPERATION_CREATE,
                                         .conclusion = conclusion,
                                         .event = true,
                                         .outcome = outcome,
                                         .attempt = 1,
                                         .latency_ms = 5,
                                         .at_ns = 8};
    bool taken;
    assert_int_equal(ledger_result(fixture->ledger, &result, &taken, &fixture->error), 0);
    assert_false(taken);
}

/* The same eight changes, in as many commits as the bits of `borders` say. */
static void write_history(struct fixture *fixture, unsigned borders)
{
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "U-1");
    struct outcome doubt = fixture_outcome(OUTCOME_IN_DOUBT, 0, "timeout", "");
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    int64_t first = 0, second = 0;
    fixture_begin(fixture);
    for (int i = 0; i < 9; i++) {
        if (i > 0 && borders >> i & 1) {
            fixture_commit(fixture);
            fixture_begin(fixture);
        }
        if (i == 0)
            assert_int_equal(ledger_run_start(fixture->ledger, "run", "1", "abc", 5, &fixture->error), 0);
        if (i == 1)
            first = fixture_journal_at(fixture, 0, "C-1", OPERATION_CREATE, "abc", 6);
        if (i == 2)
            second = fixture_journal_at(fixture, 0, "C-2", OPERATION_CREATE, "abd", 6);
        if (i == 3)
            write_result(fixture, first, LEDGER_RESULT_ACKNOWLEDGED, &done);
        if (i == 4)
            write_result(fixture, second, LEDGER_RESULT_IN_DOUBT, &doubt);
        if (i == 5)
            fixture_journal_at(fixture, second, "C-2", OPERATION_CREATE, "abd", 7);
        if (i == 6)
            write_result(fixture, second, LEDGER_RESULT_REFUSED, &no);
        if (i == 7)
            assert_int_equal(ledger_forget_refusal(fixture->ledger, second, 8, &fixture->error), 0);
        if (i == 8)
            finish_run(fixture);
    }
    fixture_commit(fixture);
}

static void the_head_does_not_depend_on_where_commits_end(void **state)
{
    static const struct {
        unsigned borders;
        int64_t stored;
    } cases[] = {{0, 1}, {0x1fe, 9}, {0x0aa, 5}, {0x010, 2}};
    static char text[] = "the same key for each of these ledgers";
    const struct secret key = {.data = text, .len = sizeof text - 1};
    char heads[2][LEDGER_HEAD_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_setup_empty(state);
        struct fixture *fixture = *state;
        fixture->key = &key;
        fixture_open(fixture, LEDGER_MAKE);
        write_history(fixture, cases[i].borders);
        ledger_chain_head(fixture->ledger, heads[i > 0]);
        struct walked walked = walk(fixture);
        assert_int_equal(walked.events, 9);
        assert_int_equal(walked.customers, 2);
        assert_int_equal(walked.runs, 1);
        assert_int_equal(walked.stored, cases[i].stored);
        assert_string_equal(walked.head, heads[i > 0]);
        assert_string_equal(heads[0], heads[i > 0]);
        fixture_teardown(state);
    }
}

/* Every kind of a change is in the chain as it is stored. */
static void the_chain_and_the_seals_of_a_long_history_are_the_published_formula(void **state)
{
    struct fixture *fixture = *state;
    struct outcome done = fixture_outcome(OUTCOME_DONE, 200, "", "");
    struct fixture_digests digests = fixture_digests("abc");
    const struct ledger_intent twin = {.external_id = SLICE_LITERAL("C-4"),
                                       .digest = digests.digest,
                                       .member_digests = slice_make(digests.members, sizeof digests.members),
                                       .at_ns = 4};
    const struct ledger_verdict verdict = {
        .external_id = SLICE_LITERAL("C-5"), .user_id = SLICE_LITERAL("U-5"), .at_ns = 7};
    const struct ledger_rekey rekey = {.from = SLICE_LITERAL("C-5"), .to = SLICE_LITERAL("C-4"), .at_ns = 8};
    enum ledger_settlement settlement;
    bool found;
    int64_t id = fixture_create(fixture, "C-3", "abc", "U-3");
    fixture_journal(fixture, id, "C-3", OPERATION_UPDATE, "xyz");
    fixture_left_out(fixture, id, &done, 1u << 1);
    fixture_begin(fixture);
    assert_int_equal(ledger_note_twin(fixture->ledger, &twin, SLICE_LITERAL("twin"), &fixture->error), 0);
    assert_int_equal(ledger_stop_twins(fixture->ledger, 5, &fixture->error), 0);
    assert_int_equal(ledger_settle(fixture->ledger, &verdict, &settlement, &fixture->error), 0);
    assert_int_equal(settlement, LEDGER_SETTLE_ADOPTED);
    assert_int_equal(ledger_rekey(fixture->ledger, &rekey, &settlement, &fixture->error), 0);
    assert_int_equal(settlement, LEDGER_SETTLED);
    fixture_commit(fixture);
    struct walked before = walk(fixture);
    assert_int_equal(before.events, 10); /* with the start of the run */
    assert_int_equal(before.customers, 3);
    fixture_begin(fixture);
    assert_int_equal(erase_one(fixture->ledger, SLICE_LITERAL("C-3"), 9, &found, &fixture->error), 0);
    assert_true(found);
    finish_run(fixture);
    fixture_commit(fixture);
    struct walked after = walk(fixture);
    char head[LEDGER_HEAD_SIZE];
    ledger_chain_head(fixture->ledger, head);
    assert_string_equal(after.head, head);
    assert_int_equal(after.events, 12);
    assert_int_equal(ledger_has_head(fixture->ledger, before.head, &fixture->error), 1);
    assert_int_equal(fixture_verify(fixture, before.head).verified.findings, 0);
    assert_int_equal(fixture_verify(fixture, after.head).verified.erased, 1);
    /* The run ended with this head. */
    char text[160];
    snprintf(text, sizeof text, "SELECT count(*) FROM run WHERE chain_head = '%s'", after.head);
    assert_int_equal(fixture_number(fixture, text), 1);
}

static void the_head_is_that_of_the_committed_events(void **state)
{
    struct fixture *fixture = *state;
    char before[LEDGER_HEAD_SIZE], during[LEDGER_HEAD_SIZE], after[LEDGER_HEAD_SIZE];
    int64_t id = fixture_journal(fixture, 0, "C-9", OPERATION_CREATE, "abc");
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "U-9");
    ledger_chain_head(fixture->ledger, before);
    fixture_begin(fixture);
    write_result(fixture, id, LEDGER_RESULT_ACKNOWLEDGED, &done);
    ledger_chain_head(fixture->ledger, during);
    assert_string_equal(before, during);
    /* What was not committed is not in the chain of what follows. */
    fixture_begin(fixture);
    write_result(fixture, id, LEDGER_RESULT_ACKNOWLEDGED, &done);
    fixture_commit(fixture);
    ledger_chain_head(fixture->ledger, after);
    assert_string_not_equal(before, after);
    assert_string_equal(walk(fixture).head, after);
    fixture_reopen(fixture);
    ledger_chain_head(fixture->ledger, during);
    assert_string_equal(during, after);
    fixture_create(fixture, "C-10", "abc", "U-10");
    walk(fixture);
}

static void an_empty_commit_leaves_the_head(void **state)
{
    struct fixture *fixture = *state;
    char before[LEDGER_HEAD_SIZE], after[LEDGER_HEAD_SIZE];
    ledger_chain_head(fixture->ledger, before);
    fixture_begin(fixture);
    assert_int_equal(ledger_nonce_reserve(fixture->ledger, "k", 5, &fixture->error), 0);
    fixture_commit(fixture);
    fixture_begin(fixture);
    fixture_commit(fixture);
    ledger_chain_head(fixture->ledger, after);
    assert_string_equal(before, after);
    assert_string_equal(walk(fixture).head, after);
}

static void a_ledger_knows_its_own_heads_and_no_other(void **state)
{
    struct fixture *fixture = *state;
    char head[LEDGER_HEAD_SIZE], zeros[LEDGER_HEAD_SIZE];
    memset(zeros, '0', sizeof zeros - 1);
    zeros[sizeof zeros - 1] = '\0';
    ledger_chain_head(fixture->ledger, head);
    fixture_create(fixture, "C-8", "abc", "U-8");
    fixture_create(fixture, "C-9", "abc", "U-9");
    assert_int_equal(ledger_has_head(fixture->ledger, head, &fixture->error), 1); /* of an event */
    assert_int_equal(ledger_has_head(fixture->ledger, zeros, &fixture->error), 1);
    ledger_chain_head(fixture->ledger, head);
    assert_int_equal(ledger_has_head(fixture->ledger, head, &fixture->error), 1);
    fixture_begin(fixture);
    finish_run(fixture);
    fixture_journal_at(fixture, 0, "C-10", OPERATION_CREATE, "abc", 9);
    fixture_commit(fixture);
    struct ledger_run run;
    char end[LEDGER_HEAD_SIZE];
    assert_int_equal(ledger_last_run(fixture->ledger, &fixture->arena, &run, &fixture->error), 1);
    snprintf(end, sizeof end, "%.*s", (int)run.chain_head.len, run.chain_head.data);
    assert_int_equal(ledger_has_head(fixture->ledger, end, &fixture->error), 1); /* of a run, in a commit */
    fixture_create(fixture, "C-11", "abc", "U-11");
    fixture_reopen(fixture);
    assert_int_equal(ledger_has_head(fixture->ledger, head, &fixture->error), 1);
    head[5] = head[5] == '0' ? '1' : '0';
    assert_int_equal(ledger_has_head(fixture->ledger, head, &fixture->error), 0);
    assert_int_equal(ledger_has_head(fixture->ledger, "", &fixture->error), 0);
    assert_int_equal(ledger_has_head(fixture->ledger, "not a head", &fixture->error), 0);
}

#define CHAIN(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_of_rows_are_the_published_formula),
        cmocka_unit_test(seals_of_tasks_are_the_published_formula),
        cmocka_unit_test(the_chain_of_events_is_the_published_formula),
        cmocka_unit_test(a_value_that_moves_or_changes_its_kind_changes_the_seal),
        cmocka_unit_test(the_head_does_not_depend_on_where_commits_end),
        CHAIN(the_chain_and_the_seals_of_a_long_history_are_the_published_formula),
        CHAIN(the_head_is_that_of_the_committed_events),
        CHAIN(an_empty_commit_leaves_the_head),
        CHAIN(a_ledger_knows_its_own_heads_and_no_other),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_chain", tests, NULL, NULL);
}
