/* Which customers have an identity: also several, also after they were written in this process. */
#include "unit/ledger/ledger_fixture.h"

#include "ledger/ledger_identities.h"

static bool note_id(void *context, int64_t id)
{
    char *seen = context;
    size_t len = strlen(seen);
    snprintf(seen + len, 64 - len, "%d ", (int)id);
    return true;
}

static bool note_first_id(void *context, int64_t id)
{
    note_id(context, id);
    return false;
}

static void finds_every_customer_of_an_identity(void **state)
{
    struct ledger_identities *identities = ledger_identities_new();
    char seen[64] = "", first[64] = "", none[64] = "";
    (void)state;
    ledger_identities_add(identities, SLICE_LITERAL("a"), 5);
    ledger_identities_add(identities, SLICE_LITERAL("b"), 6);
    ledger_identities_add(identities, SLICE_LITERAL("a"), 7);
    ledger_identities_add(identities, SLICE_LITERAL("a"), 2);
    ledger_identities_find(identities, SLICE_LITERAL("a"), note_id, seen);
    ledger_identities_find(identities, SLICE_LITERAL("a"), note_first_id, first);
    ledger_identities_find(identities, SLICE_LITERAL("c"), note_id, none);
    assert_string_equal(seen, "2 7 5 ");
    assert_string_equal(first, "2 ");
    assert_string_equal(none, "");
    ledger_identities_free(identities);
}

static const uint8_t person[FINGERPRINT_IDENTITY_LEN] = {FINGERPRINT_IDENTITY_VERSION, 'p'};
static const uint8_t other[FINGERPRINT_IDENTITY_LEN] = {FINGERPRINT_IDENTITY_VERSION, 'o'};

static int64_t journal(struct fixture *fixture, const char *key, const uint8_t *identity)
{
    struct fixture_digests digests = fixture_digests("abc");
    const struct ledger_intent intent = {
        .external_id = slice_from(key),
        .operation = OPERATION_CREATE,
        .digest = digests.digest,
        .member_digests = slice_make(digests.members, sizeof digests.members),
        .identity = slice_make((const char *)identity, FINGERPRINT_IDENTITY_LEN),
        .at_ns = FIXTURE_AT,
    };
    int64_t id = 0;
    assert_int_equal(ledger_journal(fixture->ledger, &intent, &id, &fixture->error), 0);
    return id;
}

/* "": none. */
static const char *find_twin(struct fixture *fixture, const uint8_t *identity, int64_t id)
{
    struct slice key = {.len = 0};
    int found = ledger_find_twin(fixture->ledger, identity, id, &fixture->arena, &key, &fixture->error);
    assert_true(found == 0 || found == 1);
    return found ? key.data : "";
}

static void asks_the_rows(void **state)
{
    struct fixture *fixture = *state;
    fixture_begin(fixture);
    int64_t a = journal(fixture, "A", person);
    fixture_commit(fixture);
    assert_string_equal(find_twin(fixture, person, 0), "A"); /* read in one pass */
    assert_string_equal(find_twin(fixture, person, a), "");  /* itself */
    assert_string_equal(find_twin(fixture, other, 0), "");

    fixture_begin(fixture);
    int64_t b = journal(fixture, "B", other);
    assert_string_equal(find_twin(fixture, other, 0), "B"); /* written since, in this transaction */
    fixture_begin(fixture);                                 /* rolls it back */
    assert_string_equal(find_twin(fixture, other, 0), "");
    assert_int_equal(journal(fixture, "C", person), b); /* the id of B again */
    fixture_commit(fixture);
    assert_string_equal(find_twin(fixture, other, 0), "");
    assert_string_equal(find_twin(fixture, person, 0), "A"); /* the lowest id of several */
    assert_string_equal(find_twin(fixture, person, a), "C");

    /* Refused: it has neither a user nor an open create. */
    struct outcome refused = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    fixture_result(fixture, a, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &refused, 1);
    assert_string_equal(find_twin(fixture, person, 0), "C");

    /* Added to a customer that had none. */
    int64_t d = fixture_create(fixture, "D", "abc", "U-4");
    const struct ledger_identification known = {
        .id = d, .external_id = SLICE_LITERAL("D"), .identity = other, .at_ns = FIXTURE_AT};
    fixture_begin(fixture);
    assert_int_equal(ledger_identify(fixture->ledger, &known, &fixture->error), 0);
    fixture_commit(fixture);
    assert_string_equal(find_twin(fixture, other, 0), "D");
    fixture_reopen(fixture);
    assert_string_equal(find_twin(fixture, other, 0), "D");
    assert_string_equal(find_twin(fixture, person, 0), "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_customer_of_an_identity),
        cmocka_unit_test_setup_teardown(asks_the_rows, fixture_setup, fixture_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_identities", tests, NULL, NULL);
}
