/* A ledger that only kyc-import wrote verifies, whatever happened to its customers; a row that somebody
 * changed does not. */
#include <pthread.h>
#include <stdatomic.h>

#include "unit/erase_one.h"
#include "unit/ledger/ledger_fixture.h"

enum { CUSTOMERS = 12, STEPS = 20, STEPS_AT_ONCE = 25, SEEDS = 20, SEEDS_OF_SERVER = 4, KEY_SIZE = 16 };

struct walk {
    struct fixture *fixture;
    uint64_t random;
    int64_t run, ids[CUSTOMERS];
    int64_t journalled_run[CUSTOMERS]; /* of the operation in hand */
    uint32_t attempts[CUSTOMERS];
    int renamed[CUSTOMERS]; /* how often it got another key */
    uint64_t left_out;      /* of the next result */
    int users;
    unsigned erased;
};

static unsigned pick(struct walk *walk, unsigned count)
{
    walk->random = walk->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(walk->random >> 33) % count;
}

static const char *key_of(const struct walk *walk, int who, char key[KEY_SIZE])
{
    snprintf(key, KEY_SIZE, walk->renamed[who] ? "C-%d.%d" : "C-%d", who, walk->renamed[who]);
    return key;
}

static const char *random_letters(struct walk *walk, char letters[FIXTURE_MEMBERS + 1])
{
    for (int i = 0; i < FIXTURE_MEMBERS; i++)
        letters[i] = (char)('a' + pick(walk, 3));
    letters[FIXTURE_MEMBERS] = '\0';
    return letters;
}

/* Another run, which the one before did not always live to finish. */
static void next_run(struct walk *walk)
{
    struct fixture *fixture = walk->fixture;
    bool finishes = pick(walk, 3) > 0;
    if (finishes)
        assert_int_equal(ledger_run_finish(fixture->ledger, 0, SLICE_LITERAL("[]"), SLICE_LITERAL("{}"), 1,
                                           &fixture->error),
                         0);
    assert_int_equal(ledger_run_start(fixture->ledger, "run", "1", "abc", 2, &fixture->error), 0);
    walk->run++;
}

static bool result(struct walk *walk, int who, enum operation operation, enum ledger_conclusion conclusion,
                   const struct outcome *outcome, bool event)
{
    struct fixture *fixture = walk->fixture;
    struct ledger_result result = {.id = walk->ids[who],
                                   .row = 1,
                                   .operation = operation,
                                   .conclusion = conclusion,
                                   .event = event,
                                   .outcome = outcome,
                                   .left_out = walk->left_out,
                                   .attempt = walk->attempts[who] += event,
                                   .at_ns = 5};
    bool taken;
    assert_int_equal(ledger_result(fixture->ledger, &result, &taken, &fixture->error), 0);
    return taken;
}

static void journal(struct walk *walk, int who, enum operation operation)
{
    char key[KEY_SIZE], letters[FIXTURE_MEMBERS + 1];
    walk->ids[who] = fixture_journal_at(walk->fixture, walk->ids[who], key_of(walk, who, key), operation,
                                        random_letters(walk, letters), 4);
    walk->journalled_run[who] = walk->run;
    walk->attempts[who] = 0;
}

/* The row comes again: as it was journalled, or changed. */
static void journal_open_create(struct walk *walk, int who)
{
    struct fixture *fixture = walk->fixture;
    struct ledger_customer customer = fixture_find(fixture, walk->ids[who]);
    char key[KEY_SIZE], letters[FIXTURE_MEMBERS + 1];
    struct fixture_digests digests = fixture_digests(random_letters(walk, letters));
    struct ledger_intent intent = {
        .id = walk->ids[who],
        .external_id = slice_from(key_of(walk, who, key)),
        .operation = OPERATION_CREATE,
        .digest = digests.digest,
        .member_digests = slice_make(digests.members, sizeof digests.members),
        .email_digest = slice_make(digests.members, FINGERPRINT_MEMBER_LEN),
        .at_ns = 4,
    };
    int64_t id;
    bool changed =
        !slice_equal(customer.pending_digest, slice_make((const char *)digests.digest, FINGERPRINT_LEN));
    assert_int_equal(changed ? ledger_journal_superseded(fixture->ledger, &intent, &fixture->error)
                             : ledger_journal(fixture->ledger, &intent, &id, &fixture->error),
                     0);
}

static void settle(struct walk *walk, int who, const char *user)
{
    char key[KEY_SIZE];
    const struct ledger_verdict verdict = {.external_id = slice_from(key_of(walk, who, key)),
                                           .user_id = slice_from(user),
                                           .proven = pick(walk, 2),
                                           .differs = pick(walk, 2),
                                           .at_ns = 6};
    enum ledger_settlement settlement;
    assert_int_equal(ledger_settle(walk->fixture->ledger, &verdict, &settlement, &walk->fixture->error), 0);
    if (walk->ids[who] == 0)
        ledger_owner(walk->fixture->ledger, slice_from(user), &walk->ids[who], &walk->fixture->error);
}

struct wanted {
    struct slice key;
    int64_t id;
};

static void note_wanted(void *context, const struct ledger_brief *brief)
{
    struct wanted *wanted = context;
    if (slice_equal(brief->external_id, wanted->key))
        wanted->id = brief->id;
}

/* Refused because it is there under another key. */
static void refuse_twin(struct walk *walk, int who)
{
    char key[KEY_SIZE], letters[FIXTURE_MEMBERS + 1];
    struct fixture_digests digests = fixture_digests(random_letters(walk, letters));
    const struct ledger_intent intent = {.id = walk->ids[who],
                                         .external_id = slice_from(key_of(walk, who, key)),
                                         .digest = digests.digest,
                                         .member_digests =
                                             slice_make(digests.members, sizeof digests.members),
                                         .at_ns = 4};
    struct wanted wanted = {.key = intent.external_id};
    assert_int_equal(
        ledger_note_twin(walk->fixture->ledger, &intent, SLICE_LITERAL("twin"), &walk->fixture->error), 0);
    if (pick(walk, 3) == 0)
        assert_int_equal(ledger_stop_twins(walk->fixture->ledger, 4, &walk->fixture->error), 0);
    assert_int_equal(ledger_scan(walk->fixture->ledger, note_wanted, &wanted, &walk->fixture->error), 0);
    walk->ids[who] = wanted.id;
    walk->journalled_run[who] = walk->run;
}

/* A known customer gets a new key; at a provider that has the key in a member, or not. */
static void rekey(struct walk *walk, int who)
{
    char from[KEY_SIZE], to[KEY_SIZE];
    uint8_t members[FIXTURE_MEMBERS * FINGERPRINT_MEMBER_LEN] = {'k', 'k', 'k', 'k', 'k', 'k', 'k', 'k'};
    enum ledger_settlement settlement;
    bool is_digested = pick(walk, 2);
    key_of(walk, who, from);
    walk->renamed[who]++;
    const struct ledger_rekey rekey = {
        .from = slice_from(from),
        .to = slice_from(key_of(walk, who, to)),
        .key_members = slice_make((const char *)members, is_digested ? sizeof members : 0),
        .is_digested = is_digested,
        .at_ns = 9};
    assert_int_equal(ledger_rekey(walk->fixture->ledger, &rekey, &settlement, &walk->fixture->error), 0);
    assert_int_equal(settlement, LEDGER_SETTLED);
}

/* Its row came by: its identity, and perhaps that all members agree. */
static void identify(struct walk *walk, const struct ledger_customer *customer)
{
    static const uint8_t identity[FINGERPRINT_IDENTITY_LEN] = {FINGERPRINT_IDENTITY_VERSION, 7};
    struct fixture_digests digests = fixture_digests("abc");
    bool agrees = customer->digest.len == 0 && customer->member_digests.len > 0 && !customer->first_sent_at &&
                  !strchr(fixture_letters(customer->member_digests), '?');
    const struct ledger_identification known = {.id = customer->id,
                                                .external_id = customer->external_id,
                                                .row = 3,
                                                .identity = identity,
                                                .digest = agrees ? digests.digest : NULL,
                                                .at_ns = 8};
    assert_int_equal(ledger_identify(walk->fixture->ledger, &known, &walk->fixture->error), 0);
}

/* All that identifies it is removed; the customer that comes later under another key is a new one. */
static void erase(struct walk *walk, int who)
{
    char key[KEY_SIZE];
    bool found;
    bool has_former_key = fixture_find(walk->fixture, walk->ids[who]).former_key.len > 0;
    assert_int_equal(erase_one(walk->fixture->ledger, slice_from(key_of(walk, who, key)), 9, &found,
                               &walk->fixture->error),
                     0);
    assert_true(found);
    walk->ids[who] = 0;
    walk->renamed[who]++;
    walk->erased += has_former_key ? 2 : 1;
}

/* A document is gone: nothing was built that could leave. */
static struct outcome not_built(void)
{
    struct outcome outcome = fixture_outcome(OUTCOME_REFUSED, 0, "not_built", "");
    outcome.request_id[0] = '\0';
    return outcome;
}

/* What an attempt that did nothing brings. */
static struct outcome nothing_done(struct walk *walk)
{
    static const enum outcome_kind kinds[] = {OUTCOME_THROTTLED, OUTCOME_NOT_SENT, OUTCOME_BAD_NONCE,
                                              OUTCOME_STOP};
    return fixture_outcome(kinds[pick(walk, 4)], 429, "later", "");
}

static void step_open_create(struct walk *walk, int who, const struct ledger_customer *customer)
{
    bool in_doubt = customer->state == LEDGER_IN_DOUBT || walk->journalled_run[who] != walk->run;
    bool may_repeat = walk->journalled_run[who] != walk->run;
    char user[KEY_SIZE];
    struct outcome doubt = fixture_outcome(OUTCOME_IN_DOUBT, 500, "oops", "");
    struct outcome exists = fixture_outcome(OUTCOME_EXISTS, 409, "exists", "");
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, in_doubt ? 403 : 422, "no", "");
    struct outcome never = not_built();
    struct outcome found = fixture_outcome(OUTCOME_DONE, 200, "absent", "");
    struct outcome later = nothing_done(walk);
    snprintf(user, sizeof user, "U-%d", walk->users++);
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", pick(walk, 12) ? user : "U-0");
    switch (pick(walk, 12)) {
    case 0:
        if (may_repeat)
            journal_open_create(walk, who);
        break;
    case 1:
        result(walk, who, OPERATION_CREATE, LEDGER_RESULT_OPEN, &later, true);
        break;
    case 2:
        result(walk, who, OPERATION_CREATE, pick(walk, 2) ? LEDGER_RESULT_OPEN : LEDGER_RESULT_IN_DOUBT,
               &doubt, true);
        break;
    case 3:
    case 4:
        result(walk, who, pick(walk, 2) ? OPERATION_CREATE : OPERATION_LIST, LEDGER_RESULT_ACKNOWLEDGED,
               &done, true);
        break;
    case 5:
        result(walk, who, OPERATION_CREATE, in_doubt ? LEDGER_RESULT_IN_DOUBT : LEDGER_RESULT_REFUSED, &no,
               true);
        break;
    case 6:
        if (in_doubt)
            no = fixture_outcome(OUTCOME_REFUSED, 400, "no", "");
        result(walk, who, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &no, true);
        break;
    case 7:
        result(walk, who, OPERATION_CREATE, in_doubt ? LEDGER_RESULT_IN_DOUBT : LEDGER_RESULT_REFUSED,
               &exists, true);
        break;
    case 8:
        if (!in_doubt)
            result(walk, who, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &never, false);
        break;
    case 9:
        if (!in_doubt) {
            bool event = pick(walk, 2);
            result(walk, who, OPERATION_CREATE, LEDGER_RESULT_ABANDONED,
                   event || pick(walk, 2) ? &later : NULL, event);
        }
        break;
    case 10:
        result(walk, who, OPERATION_LIST, LEDGER_RESULT_OPEN, &found, true);
        break;
    default:
        settle(walk, who, pick(walk, 2) ? "" : user);
    }
}

static void step_update(struct walk *walk, int who)
{
    struct outcome doubt = fixture_outcome(OUTCOME_IN_DOUBT, 500, "oops", "");
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    struct outcome forbidden = fixture_outcome(OUTCOME_REFUSED, 403, "no", "");
    struct outcome never = not_built();
    struct outcome done = fixture_outcome(OUTCOME_DONE, 200, "", "");
    struct outcome later = nothing_done(walk);
    switch (pick(walk, 8)) {
    case 0:
        result(walk, who, OPERATION_UPDATE, LEDGER_RESULT_OPEN, &later, true);
        break;
    case 1:
        result(walk, who, OPERATION_UPDATE, LEDGER_RESULT_IN_DOUBT, &doubt, true);
        break;
    case 2:
        result(walk, who, OPERATION_UPDATE, LEDGER_RESULT_REFUSED, &no, true);
        break;
    case 3:
        result(walk, who, OPERATION_UPDATE, pick(walk, 2) ? LEDGER_RESULT_REFUSED : LEDGER_RESULT_IN_DOUBT,
               &forbidden, true);
        break;
    case 4:
        result(walk, who, OPERATION_UPDATE, LEDGER_RESULT_REFUSED, &never, false);
        break;
    case 5:
        result(walk, who, OPERATION_UPDATE, LEDGER_RESULT_ABANDONED, pick(walk, 2) ? &later : NULL, false);
        break;
    case 6:
        journal(walk, who, OPERATION_UPDATE);
        break;
    default:
        walk->left_out = pick(walk, 2) ? pick(walk, 1u << FIXTURE_MEMBERS) : 0;
        result(walk, who, OPERATION_UPDATE, LEDGER_RESULT_ACKNOWLEDGED, &done, true);
        walk->left_out = 0;
    }
}

static void step(struct walk *walk)
{
    int who = (int)pick(walk, CUSTOMERS);
    struct ledger_customer customer;
    char user[KEY_SIZE];
    arena_reset(&walk->fixture->arena);
    if (pick(walk, 20) == 0) {
        next_run(walk);
    } else if (walk->ids[who] == 0) {
        snprintf(user, sizeof user, "U-%d", walk->users++);
        if (pick(walk, 6) == 0)
            settle(walk, who, user);
        else if (pick(walk, 6) == 0)
            refuse_twin(walk, who);
        else
            journal(walk, who, OPERATION_CREATE);
        return;
    }
    if (walk->ids[who] == 0)
        return;
    customer = fixture_find(walk->fixture, walk->ids[who]);
    bool open = customer.first_sent_at != 0;
    if (customer.state == LEDGER_JOURNALLED || customer.state == LEDGER_IN_DOUBT) {
        step_open_create(walk, who, &customer);
    } else if (!open && pick(walk, 4) == 0) {
        assert_int_equal(
            ledger_forget_refusal(walk->fixture->ledger, walk->ids[who], 8, &walk->fixture->error), 0);
    } else if (!open && pick(walk, 12) == 0) {
        erase(walk, who);
    } else if (customer.state != LEDGER_CREATED && pick(walk, 5) == 0) {
        snprintf(user, sizeof user, "U-%d", walk->users++);
        if (customer.twin == LEDGER_TWIN_NONE && walk->journalled_run[who] != walk->run)
            refuse_twin(walk, who);
        else
            settle(walk, who, pick(walk, 3) ? "" : user);
    } else if (customer.state != LEDGER_CREATED) {
        if (walk->journalled_run[who] != walk->run) /* a row comes by once a run */
            journal(walk, who, OPERATION_CREATE);
    } else if (pick(walk, 6) == 0) {
        snprintf(user, sizeof user, "%.*s", (int)customer.user_id.len, customer.user_id.data);
        if (pick(walk, 3) == 0)
            snprintf(user, sizeof user, "U-%d", walk->users++);
        settle(walk, who, pick(walk, 5) ? user : "");
    } else if (pick(walk, 6) == 0) {
        rekey(walk, who);
    } else if (pick(walk, 6) == 0) {
        identify(walk, &customer);
    } else if (open) {
        step_update(walk, who);
    } else {
        journal(walk, who, OPERATION_UPDATE);
    }
}

static void whatever_happens_to_the_customers_the_ledger_verifies(void **state)
{
    unsigned seeds = ledger_file_server() ? SEEDS_OF_SERVER : SEEDS;
    for (unsigned seed = 0; seed < seeds; seed++) {
        fixture_setup(state);
        struct walk walk = {.fixture = *state, .random = seed * 977 + 1, .run = 1};
        for (int i = 0; i < STEPS; i++) {
            fixture_begin(walk.fixture);
            for (int more = 0; more < STEPS_AT_ONCE; more++)
                step(&walk);
            fixture_commit(walk.fixture);
            struct fixture_findings findings = fixture_verify(walk.fixture, "");
            if (findings.verified.findings > 0)
                fail_msg("%s seed %u, step %d: customer %s: %s", walk.fixture->path, seed, i,
                         findings.key[LEDGER_FINDING_CUSTOMER], findings.text[LEDGER_FINDING_CUSTOMER]);
            assert_int_equal(findings.verified.erased, walk.erased);
        }
        fixture_teardown(state);
    }
}

/* A writer commits between, as a run does. */
struct writer {
    struct fixture *fixture;
    atomic_bool stop;
    atomic_int written;
};

static void *write_on(void *context)
{
    struct writer *writer = context;
    struct outcome done = fixture_outcome(OUTCOME_DONE, 200, "", "");
    while (!writer->stop) {
        fixture_journal(writer->fixture, 1, "C-1", OPERATION_UPDATE, writer->written % 2 ? "abc" : "abd");
        fixture_result(writer->fixture, 1, OPERATION_UPDATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 1);
        writer->written++;
        usleep(500);
    }
    return NULL;
}

static void a_ledger_verifies_while_a_run_writes(void **state)
{
    struct writer writer = {.fixture = *state};
    struct fixture reading = *writer.fixture;
    pthread_t thread;
    int before = 0, between = 0;
    fixture_create(writer.fixture, "C-1", "abc", "U-1");
    fixture_open(&reading, LEDGER_READ);
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    /* How many verifications a commit takes depends on the disk. */
    while (between < 20) {
        assert_int_equal(fixture_verify(&reading, "").verified.findings, 0);
        between += writer.written > before;
        before = writer.written;
    }
    writer.stop = true;
    pthread_join(thread, NULL);
    ledger_close(reading.ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_to_the_customers_the_ledger_verifies),
        cmocka_unit_test_setup_teardown(a_ledger_verifies_while_a_run_writes, fixture_setup,
                                        fixture_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_verify", tests, NULL, NULL);
}
