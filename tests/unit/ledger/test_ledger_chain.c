/* The chain of events: what was written shows when it is changed. */
#include "unit/ledger/ledger_fixture.h"

#include "core/digest.h"

enum { CUSTOMERS = 4 };

/* Four customers, the third with a retry: five events, ids 1 to 5; the run finished behind the fourth event.
 */
static int set_up(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    for (int i = 0; i < CUSTOMERS; i++) {
        char key[8], user[8];
        snprintf(key, sizeof key, "C-%d", i);
        snprintf(user, sizeof user, "U-%d", i);
        struct outcome timeout = fixture_outcome(OUTCOME_IN_DOUBT, 0, "timeout", "");
        struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", user);
        int64_t id = fixture_journal(fixture, 0, key, OPERATION_CREATE, "abc");
        if (i == 2)
            fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_OPEN, &timeout, 1);
        fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &done, i == 2 ? 2 : 1);
        if (i == 2) {
            fixture_begin(fixture);
            assert_int_equal(ledger_run_finish(fixture->ledger, 0, SLICE_LITERAL("[]"), SLICE_LITERAL("{}"),
                                               1, &fixture->error),
                             0);
            assert_int_equal(ledger_run_start(fixture->ledger, "run", "1", "abc", 2, &fixture->error), 0);
            fixture_commit(fixture);
        }
    }
    return 0;
}

/* The first event that is not as it was written, or is missing; 0: none. */
static int64_t broken_at(struct fixture *fixture)
{
    struct fixture_findings findings = fixture_verify(fixture, "");
    int64_t changed = findings.event[LEDGER_FINDING_EVENT], missing = findings.event[LEDGER_FINDING_MISSING];
    return changed > 0 && (missing == 0 || changed < missing) ? changed : missing;
}

static void an_untouched_history_is_whole(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
    fixture_reopen(fixture);
    struct fixture_findings findings = fixture_verify(fixture, "");
    assert_int_equal(findings.verified.findings, 0);
    assert_int_equal(findings.verified.events, 5);
    assert_int_equal(findings.verified.customers, CUSTOMERS);
    assert_int_equal(findings.verified.runs, 2);
}

static void every_change_of_an_event_shows(void **state)
{
    static const struct {
        const char *sentence, *change, *back;
        int64_t broken;
    } cases[] = {
        {"another user", "UPDATE event SET user_id = 'U-9' WHERE id = 2",
         "UPDATE event SET user_id = 'U-1' WHERE id = 2", 2},
        {"another outcome", "UPDATE event SET outcome = 'refused' WHERE id = 1",
         "UPDATE event SET outcome = 'done' WHERE id = 1", 1},
        {"another operation", "UPDATE event SET operation = 'update' WHERE id = 1",
         "UPDATE event SET operation = 'create' WHERE id = 1", 1},
        {"another status", "UPDATE event SET http_status = 200 WHERE id = 5",
         "UPDATE event SET http_status = 201 WHERE id = 5", 5},
        {"no status", "UPDATE event SET http_status = NULL WHERE id = 5",
         "UPDATE event SET http_status = 201 WHERE id = 5", 5},
        {"another row", "UPDATE event SET row = 8 WHERE id = 3", "UPDATE event SET row = 7 WHERE id = 3", 3},
        {"another code", "UPDATE event SET code = 'reset' WHERE id = 3",
         "UPDATE event SET code = 'timeout' WHERE id = 3", 3},
        {"a code moved to the request id",
         "UPDATE event SET code = NULL, request_id = 'timeoutreq-0' WHERE id = 3",
         "UPDATE event SET code = 'timeout', request_id = 'req-0' WHERE id = 3", 3},
        {"another attempt", "UPDATE event SET attempt = 9 WHERE id = 4",
         "UPDATE event SET attempt = 2 WHERE id = 4", 4},
        {"another latency", "UPDATE event SET latency_ms = 9 WHERE id = 4",
         "UPDATE event SET latency_ms = 12 WHERE id = 4", 4},
        {"another time", "UPDATE event SET at = at + 1 WHERE id = 4",
         "UPDATE event SET at = at - 1 WHERE id = 4", 4},
        {"another run", "UPDATE event SET run = 2 WHERE id = 4", "UPDATE event SET run = 1 WHERE id = 4", 4},
        {"another customer", "UPDATE event SET customer = 1 WHERE id = 2",
         "UPDATE event SET customer = 2 WHERE id = 2", 2},
        {"another key", "UPDATE customer SET external_id = 'X' WHERE id = 2",
         "UPDATE customer SET external_id = 'C-1' WHERE id = 2", 2},
        {"another digest", "UPDATE event SET digest = zeroblob(32) WHERE id = 2",
         "UPDATE event SET digest = (SELECT digest FROM event WHERE id = 1) WHERE id = 2", 2},
        {"another chain", "UPDATE event SET chain = zeroblob(32) WHERE id = 5", NULL, 5},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_sql(fixture, cases[i].change);
        int64_t broken = broken_at(fixture);
        if (broken != cases[i].broken)
            fail_msg("%s: broken at %d", cases[i].sentence, (int)broken);
        if (cases[i].back)
            fixture_sql(fixture, cases[i].back);
        if (cases[i].back && broken_at(fixture) != 0)
            fail_msg("%s: put back, and still broken", cases[i].sentence);
    }
}

static void an_event_removed_in_the_middle_shows(void **state)
{
    fixture_sql(*state, "DELETE FROM event WHERE id = 3");
    assert_int_equal(broken_at(*state), 3);
}

static void a_changed_event_is_told_once(void **state)
{
    struct fixture *fixture = *state;
    fixture_sql(fixture, "UPDATE event SET latency_ms = 99 WHERE id = 2");
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 1);
    fixture_sql(fixture, "UPDATE event SET latency_ms = 12 WHERE id = 2");
    fixture_sql(fixture, "UPDATE event SET chain = zeroblob(32) WHERE id = 3");
    struct fixture_findings findings = fixture_verify(fixture, "");
    assert_int_equal(findings.verified.findings, 1);
    assert_int_equal(findings.event[LEDGER_FINDING_EVENT], 3);
    fixture_sql(fixture, "UPDATE event SET chain = x'00' WHERE id = 3");
    findings = fixture_verify(fixture, "");
    assert_int_equal(findings.stats[LEDGER_FINDING_EVENT], 2); /* what the next one went on from is gone */
}

static void events_cut_off_at_the_end_show(void **state)
{
    struct fixture *fixture = *state;
    fixture_sql(fixture, "DELETE FROM event WHERE id = 5");
    struct fixture_findings findings = fixture_verify(fixture, "");
    assert_int_equal(findings.stats[LEDGER_FINDING_RUN], 0); /* no run ended with the fifth */
    assert_int_equal(findings.stats[LEDGER_FINDING_CUSTOMER], 1);
    assert_string_equal(findings.key[LEDGER_FINDING_CUSTOMER], "C-3");
    fixture_sql(fixture, "DELETE FROM event WHERE id = 4");
    findings = fixture_verify(fixture, "");
    assert_int_equal(findings.stats[LEDGER_FINDING_RUN], 1);
    assert_int_equal(findings.stats[LEDGER_FINDING_CUSTOMER], 2);
}

static void the_report_shows_an_end_that_was_cut_off_with_all_that_it_made(void **state)
{
    struct fixture *fixture = *state;
    char head[LEDGER_HEAD_SIZE];
    ledger_chain_head(fixture->ledger, head);
    assert_int_equal(fixture_verify(fixture, head).verified.findings, 0);
    fixture_sql(fixture, "DELETE FROM event WHERE id = 5; DELETE FROM customer WHERE id = 4");
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
    assert_int_equal(fixture_verify(fixture, head).stats[LEDGER_FINDING_REPORT], 1);
}

static void runs_are_held_against_the_chain(void **state)
{
    struct fixture *fixture = *state;
    fixture_sql(
        fixture,
        "UPDATE run SET chain_head = (SELECT lower(hex(chain)) FROM event WHERE id = 2) WHERE id = 1");
    struct fixture_findings findings = fixture_verify(fixture, "");
    assert_int_equal(findings.stats[LEDGER_FINDING_RUN], 1);
    fixture_sql(fixture, "UPDATE run SET chain_head = 'nonsense' WHERE id = 1");
    findings = fixture_verify(fixture, "");
    assert_int_equal(findings.stats[LEDGER_FINDING_RUN], 1);
    fixture_sql(fixture, "DELETE FROM run WHERE id = 2");
    findings = fixture_verify(fixture, "");
    assert_int_equal(findings.stats[LEDGER_FINDING_RUN], 2);
    fixture_sql(fixture, "DELETE FROM run");
    findings = fixture_verify(fixture, "");
    assert_int_equal(findings.stats[LEDGER_FINDING_RUN], 2);
    assert_int_equal(findings.event[LEDGER_FINDING_RUN], 1);
}

static void a_user_of_two_customers_shows_also_without_the_index(void **state)
{
    struct fixture *fixture = *state;
    fixture_sql(fixture,
                "DROP INDEX customer_user_id; UPDATE customer SET user_id = 'U-0' WHERE external_id = 'C-1'");
    struct fixture_findings findings = fixture_verify(fixture, "");
    assert_int_equal(findings.stats[LEDGER_FINDING_USER], 1);
    assert_int_equal(findings.stats[LEDGER_FINDING_CUSTOMER], 1);
}

static void an_erased_customer_does_not_break_the_chain(void **state)
{
    struct fixture *fixture = *state;
    uint8_t digest[DIGEST_SHA256_LEN];
    char hex[2 * DIGEST_SHA256_LEN + 1], text[160];
    struct digest_hmac *hmac =
        digest_hmac_new(DIGEST_SHA256, slice_make((const char *)ledger_fingerprint_key(fixture->ledger),
                                                  FINGERPRINT_KEY_LEN));
    digest_hmac_begin(hmac);
    digest_hmac_add(hmac, SLICE_LITERAL("customer\0C-1"));
    digest_hmac_end(hmac, digest);
    digest_hmac_free(hmac);
    digest_hex(digest, sizeof digest, hex);
    snprintf(text, sizeof text, "UPDATE customer SET external_id = 'erased:%s' WHERE id = 2", hex);
    fixture_sql(fixture, text);
    struct fixture_findings findings = fixture_verify(fixture, "");
    assert_int_equal(findings.verified.findings, 0);
    assert_int_equal(findings.verified.erased, 1);
    fixture_sql(fixture, "DELETE FROM customer WHERE id = 2");
    findings = fixture_verify(fixture, "");
    assert_int_equal(findings.verified.findings, 1);
    assert_int_equal(findings.stats[LEDGER_FINDING_GONE], 1);
}

static void the_head_is_that_of_the_committed_events(void **state)
{
    struct fixture *fixture = *state;
    char before[LEDGER_HEAD_SIZE], during[LEDGER_HEAD_SIZE], after[LEDGER_HEAD_SIZE];
    int64_t id = fixture_journal(fixture, 0, "C-9", OPERATION_CREATE, "abc");
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "U-9");
    struct ledger_result result = {.id = id,
                                   .row = 1,
                                   .operation = OPERATION_CREATE,
                                   .conclusion = LEDGER_RESULT_ACKNOWLEDGED,
                                   .event = true,
                                   .outcome = &done,
                                   .attempt = 1,
                                   .at_ns = 1};
    bool taken;
    ledger_chain_head(fixture->ledger, before);
    fixture_begin(fixture);
    assert_int_equal(ledger_result(fixture->ledger, &result, &taken, &fixture->error), 0);
    ledger_chain_head(fixture->ledger, during);
    fixture_commit(fixture);
    ledger_chain_head(fixture->ledger, after);
    assert_string_equal(before, during);
    assert_string_not_equal(before, after);
    fixture_reopen(fixture);
    ledger_chain_head(fixture->ledger, during);
    assert_string_equal(during, after);
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
    assert_int_equal(
        ledger_run_finish(fixture->ledger, 0, SLICE_LITERAL("[]"), SLICE_LITERAL("{}"), 1, &fixture->error),
        0);
    fixture_commit(fixture);
    fixture_create(fixture, "C-10", "abc", "U-10");
    assert_int_equal(ledger_has_head(fixture->ledger, head, &fixture->error), 1); /* of a run */
    head[5] = head[5] == '0' ? '1' : '0';
    assert_int_equal(ledger_has_head(fixture->ledger, head, &fixture->error), 0);
    assert_int_equal(ledger_has_head(fixture->ledger, "", &fixture->error), 0);
    assert_int_equal(ledger_has_head(fixture->ledger, "not a head", &fixture->error), 0);
}

/* The canonical bytes are a promise to auditors: they are computed here by another program's eyes. */
static void the_first_chain_is_the_published_formula(void **state)
{
    struct fixture *fixture = *state;
    struct digest_hmac *hmac =
        digest_hmac_new(DIGEST_SHA256, slice_make((const char *)ledger_fingerprint_key(fixture->ledger),
                                                  FINGERPRINT_KEY_LEN));
    uint8_t bytes[512] = {0}, want[DIGEST_SHA256_LEN];
    uint8_t *cursor = bytes + DIGEST_SHA256_LEN;
    static const uint8_t one[] = {0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1},
                         seven[] = {0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7},
                         twelve[] = {0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 12},
                         status[] = {0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 201},
                         when[] = {0, 0, 0, 8, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x41},
                         null[] = {255, 255, 255, 255}, length[] = {0, 0, 0, 32};
    struct fixture_digests digests = fixture_digests("abc");
#define PUT(from, len) (memcpy(cursor, from, len), cursor += (len))
    PUT(one, 12);
    PUT(one, 12);
    PUT(length, 4);
    digest_hmac_begin(hmac);
    digest_hmac_add(hmac, SLICE_LITERAL("customer\0C-0"));
    digest_hmac_end(hmac, cursor);
    cursor += 32;
    PUT(seven, 12);
    PUT("\0\0\0\6create", 10);
    PUT("\0\0\0\4done", 8);
    PUT("\0\0\0\3U-0", 7);
    PUT(length, 4);
    PUT(digests.digest, 32);
    PUT(status, 12);
    PUT(null, 4);
    PUT("\0\0\0\7req-201", 11);
    PUT(one, 12);
    PUT(twelve, 12);
    PUT(when, 12);
#undef PUT
    digest_hmac_free(hmac);
    digest_sha256(slice_make((const char *)bytes, (size_t)(cursor - bytes)), slice_make(NULL, 0), want);
    char hex[2 * DIGEST_SHA256_LEN + 1], text[160];
    snprintf(text, sizeof text, "SELECT count(*) FROM event WHERE id = 1 AND lower(hex(chain)) = '%s'",
             digest_hex(want, sizeof want, hex));
    assert_int_equal(fixture_number(fixture, text), 1);
}

#define CHAIN(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN(an_untouched_history_is_whole),
        CHAIN(every_change_of_an_event_shows),
        CHAIN(an_event_removed_in_the_middle_shows),
        CHAIN(a_changed_event_is_told_once),
        CHAIN(events_cut_off_at_the_end_show),
        CHAIN(the_report_shows_an_end_that_was_cut_off_with_all_that_it_made),
        CHAIN(runs_are_held_against_the_chain),
        CHAIN(a_user_of_two_customers_shows_also_without_the_index),
        CHAIN(an_erased_customer_does_not_break_the_chain),
        CHAIN(the_head_is_that_of_the_committed_events),
        CHAIN(a_ledger_knows_its_own_heads_and_no_other),
        CHAIN(the_first_chain_is_the_published_formula),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_chain", tests, NULL, NULL);
}
