/* customers: customers of every kind in a real ledger, and rows of an input that agree with them or not.
 *
 * All that tests of the pipeline need to build a decision's input is here. The people are invented. Thread:
 * one test at a time. Owner: open/close.
 */
#ifndef KYC_TESTS_CUSTOMERS_H
#define KYC_TESTS_CUSTOMERS_H

#include "unit/ledger/ledger_fixture.h"
#include "unit/provider/members.h"
#include "unit/provider/records.h"

#include "core/hash_table.h"
#include "pipeline/decide.h"
#include "provider/provider_table.h"
#include "unit/erase_one.h"

/* What happened to a customer in earlier runs. Its create was of ROW_SAME, each update of ROW_PHONE. */
enum life {
    NEVER_SEEN,
    ERASED,
    UNSENT,          /* journalled, given up, certainly not sent */
    FORGOTTEN,       /* refused, which stopped the run */
    SETTLED_NO_USER, /* in doubt, then resolve --absent */
    TWIN_STOPPED,    /* refused by a run that stopped because of its twins */
    TWIN_REFUSED,
    TWIN_ALLOWED, /* resolve --absent of a refused twin */

    REFUSED,
    REFUSED_TWICE,
    REFUSED_UNSENT, /* by us: the request could not be built */

    JOURNALLED,     /* the run died */
    IN_DOUBT,       /* no answer */
    RETRIED,        /* no answer, and the run died before the repeat */
    THROTTLED,      /* no answer, then 429 until the run gave up */
    EXISTS,         /* no answer, then 409 without an id */
    JOURNALLED_NOW, /* in this run */

    CREATED,
    ASSIGNED,    /* in doubt, then resolve --user with the user that was journalled */
    UNMATCHABLE, /* created, without an identity */
    GIVEN_UP,    /* an update was journalled, and certainly not sent */

    UPDATED,
    UPDATE_REFUSED,
    UPDATE_JOURNALLED, /* the run died */
    UPDATE_IN_DOUBT,
    LEFT_OUT, /* the provider answered yes and did not take the phone */

    ADOPTED,        /* resolve --from */
    ACCEPTED,       /* resolve --user with the user that it had */
    ASSIGNED_OTHER, /* in doubt, then resolve --user with a user whose data differ */
    REKEYED,        /* resolve --same-as */
    LIVES
};

#define LIFE(life) (UINT64_C(1) << (life))

static const uint64_t lives_with_user = LIFE(CREATED) | LIFE(ASSIGNED) | LIFE(UNMATCHABLE) | LIFE(GIVEN_UP) |
                                        LIFE(UPDATED) | LIFE(UPDATE_REFUSED) | LIFE(UPDATE_JOURNALLED) |
                                        LIFE(UPDATE_IN_DOUBT) | LIFE(LEFT_OUT) | LIFE(ADOPTED) |
                                        LIFE(ACCEPTED) | LIFE(ASSIGNED_OTHER) | LIFE(REKEYED);
static const uint64_t lives_in_doubt =
    LIFE(JOURNALLED) | LIFE(IN_DOUBT) | LIFE(RETRIED) | LIFE(THROTTLED) | LIFE(EXISTS) | LIFE(JOURNALLED_NOW);
/* Of customers of a provider that updates. */
static const uint64_t lives_with_update = LIFE(GIVEN_UP) | LIFE(UPDATED) | LIFE(UPDATE_REFUSED) |
                                          LIFE(UPDATE_JOURNALLED) | LIFE(UPDATE_IN_DOUBT) | LIFE(LEFT_OUT);

static const char *const life_words[LIVES] = {
    [NEVER_SEEN] = "NEVER_SEEN",
    [ERASED] = "ERASED",
    [UNSENT] = "UNSENT",
    [FORGOTTEN] = "FORGOTTEN",
    [SETTLED_NO_USER] = "SETTLED_NO_USER",
    [TWIN_STOPPED] = "TWIN_STOPPED",
    [TWIN_REFUSED] = "TWIN_REFUSED",
    [TWIN_ALLOWED] = "TWIN_ALLOWED",
    [REFUSED] = "REFUSED",
    [REFUSED_TWICE] = "REFUSED_TWICE",
    [REFUSED_UNSENT] = "REFUSED_UNSENT",
    [JOURNALLED] = "JOURNALLED",
    [IN_DOUBT] = "IN_DOUBT",
    [RETRIED] = "RETRIED",
    [THROTTLED] = "THROTTLED",
    [EXISTS] = "EXISTS",
    [JOURNALLED_NOW] = "JOURNALLED_NOW",
    [CREATED] = "CREATED",
    [ASSIGNED] = "ASSIGNED",
    [UNMATCHABLE] = "UNMATCHABLE",
    [GIVEN_UP] = "GIVEN_UP",
    [UPDATED] = "UPDATED",
    [UPDATE_REFUSED] = "UPDATE_REFUSED",
    [UPDATE_JOURNALLED] = "UPDATE_JOURNALLED",
    [UPDATE_IN_DOUBT] = "UPDATE_IN_DOUBT",
    [LEFT_OUT] = "LEFT_OUT",
    [ADOPTED] = "ADOPTED",
    [ACCEPTED] = "ACCEPTED",
    [ASSIGNED_OTHER] = "ASSIGNED_OTHER",
    [REKEYED] = "REKEYED",
};

/* The row in the input, compared with that of the create. */
enum row {
    ROW_SAME,
    ROW_PHONE,       /* another phone */
    ROW_NO_PHONE,    /* the phone went away */
    ROW_NO_CLIENT,   /* client_identifier went away, which payward and kraken-embed alone are sent */
    ROW_EMAIL,       /* another e-mail */
    ROW_EMAIL_PHONE, /* both */
    ROWS
};

#define ROW(row) (1u << (row))

static const char *const row_words[ROWS] = {
    "ROW_SAME", "ROW_PHONE", "ROW_NO_PHONE", "ROW_NO_CLIENT", "ROW_EMAIL", "ROW_EMAIL_PHONE",
};

struct row_record {
    struct sample sample; /* sample.record is the record */
    char key[32], email[48];
};

struct customers {
    struct fixture *fixture;
    const struct provider *provider;
    struct fingerprint *fingerprint;
    struct customer_index *index; /* NULL: not loaded */
    struct job job;
    int64_t run; /* the last that began */
};

/* What customers_add made. */
struct customer {
    int64_t id; /* 0: none */
    int64_t run;
    uint64_t at_ns;
    char key[32], former_key[32], user_id[32], idempotency_key[32], message[48];
};

static inline void customers_start_run(struct customers *customers)
{
    struct fixture *fixture = customers->fixture;
    assert_int_equal(ledger_run_start(fixture->ledger, "run", "1", "abc", FIXTURE_AT, &fixture->error), 0);
    customers->run++;
}

/* An empty ledger, in the middle of a transaction. */
static inline void customers_open(struct customers *customers, const char *provider)
{
    void *state;
    fixture_setup_empty(&state);
    *customers = (struct customers){.fixture = state, .provider = provider_find(provider)};
    customers->fixture->identity.provider = provider;
    customers->job = (struct job){.name = "demo",
                                  .path = "demo.yaml",
                                  .ledger_path = customers->fixture->path,
                                  .unique_count = 1,
                                  .delivery = {.update = true, .refuse_twins = true}};
    fixture_open(customers->fixture, LEDGER_MAKE);
    customers->fingerprint =
        fingerprint_new(ledger_fingerprint_key(customers->fixture->ledger), customers->provider->fields);
    fixture_begin(customers->fixture);
    customers_start_run(customers);
}

/* The ledger as the next run finds it. */
static inline void customers_load(struct customers *customers)
{
    fixture_commit(customers->fixture);
    customers->index = customer_index_new(1);
    assert_int_equal(
        customer_index_load(customers->index, customers->fixture->ledger, &customers->fixture->error), 0);
}

static inline void customers_close(struct customers *customers)
{
    void *state = customers->fixture;
    customer_index_free(customers->index);
    fingerprint_free(customers->fingerprint);
    assert_int_equal(fixture_teardown(&state), 0);
}

/* person: a number; two rows with the same one have the same e-mail, names and birth date. */
static inline void customers_row(struct customers *customers, struct row_record *row, const char *key,
                                 unsigned person, enum row kind)
{
    bool has_email = kind == ROW_EMAIL || kind == ROW_EMAIL_PHONE;
    /* cppcheck-suppress [uninitvar,ctuuninitvar] ; an address */
    struct value *values = row->sample.values;

    sample_fill(&row->sample);
    snprintf(row->key, sizeof row->key, "%s", key);
    snprintf(row->email, sizeof row->email, "%sperson-%02u@example.com", has_email ? "new-" : "", person);
    sample_set(&row->sample, FIELD_EXTERNAL_ID, row->key);
    sample_set(&row->sample, FIELD_EMAIL, row->email);
    sample_set(&row->sample, FIELD_CUSTOMER_TYPE, "individual");
    sample_set(&row->sample, FIELD_EMPLOYER_NAME, "Example Ltd");
    sample_set(&row->sample, FIELD_CLIENT_IDENTIFIER, "auto");
    sample_set(&row->sample, FIELD_TOS_VERSION, "3");
    if (kind == ROW_PHONE || kind == ROW_EMAIL_PHONE)
        sample_set(&row->sample, FIELD_PHONE, "+14155550111");
    if (kind == ROW_NO_PHONE)
        values[FIELD_PHONE].state = VALUE_ABSENT;
    if (kind == ROW_NO_CLIENT)
        values[FIELD_CLIENT_IDENTIFIER].state = VALUE_ABSENT;
    row->sample.record.row = 7;
    row->sample.record.unique_hash[0] = hash_table_hash(slice_from(row->key));
    row->sample.record.unique_known = 1;
    fingerprint_record(customers->fingerprint, &row->sample.record, row->sample.record.digest);
}

/* The bits of members of the provider, by their names with blanks between. */
static inline uint64_t customers_members(const struct provider *provider, const char *names)
{
    return members_of(provider->fields, names);
}

/* Journals an operation as a run does. is_twin: refused as a twin instead. */
static inline void customers_journal(struct customers *customers, struct customer *customer, const char *key,
                                     enum operation operation, enum row kind, unsigned person,
                                     bool has_identity, bool is_twin)
{
    struct fixture *fixture = customers->fixture;
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN], email[FINGERPRINT_MEMBER_LEN],
        identity[FINGERPRINT_IDENTITY_LEN];
    struct row_record row;

    customers_row(customers, &row, key, person, kind);
    fingerprint_members(customers->fingerprint, &row.sample.record, members);
    fingerprint_email(customers->fingerprint, &row.sample.record, email);
    assert_true(fingerprint_identity(customers->fingerprint, &row.sample.record, identity));
    const bool has_key =
        customers->provider->recovery == PROVIDER_RECOVERY_LOOK_UP && operation == OPERATION_CREATE;
    const struct ledger_intent intent = {
        .id = customer->id,
        .external_id = slice_from(row.key),
        .row = 7,
        .operation = operation,
        .digest = row.sample.record.digest,
        .member_digests = slice_make((const char *)members,
                                     customers->provider->fields->slot_count * FINGERPRINT_MEMBER_LEN),
        .email_digest = slice_make((const char *)email, sizeof email),
        .idempotency_key = slice_from(has_key ? customer->idempotency_key : ""),
        .identity = slice_make((const char *)identity, has_identity ? sizeof identity : 0),
        .at_ns = customer->at_ns,
    };
    int failed =
        is_twin ? ledger_note_twin(fixture->ledger, &intent, slice_from(customer->message), &fixture->error)
                : ledger_journal(fixture->ledger, &intent, &customer->id, &fixture->error);
    if (failed != 0)
        fail_msg("journal: %s", fixture->error.text);
    struct ledger_customer found;
    assert_int_equal(
        ledger_find_by_key(fixture->ledger, intent.external_id, &fixture->arena, &found, &fixture->error), 1);
    customer->id = found.id;
    customer->run = customers->run;
}

/* An answer to the open operation. status 0: it was not sent. left_out: names of members. */
static inline void customers_answer(struct customers *customers, struct customer *customer,
                                    enum operation operation, enum ledger_conclusion conclusion,
                                    enum outcome_kind kind, int status, const char *left_out)
{
    struct fixture *fixture = customers->fixture;
    bool is_sent = kind != OUTCOME_NOT_SENT && !(kind == OUTCOME_REFUSED && status == 0);
    struct outcome outcome =
        fixture_outcome(kind, status, "a_code",
                        kind == OUTCOME_DONE && operation == OPERATION_CREATE ? customer->user_id : "");
    snprintf(outcome.message, sizeof outcome.message, "%s", customer->message);
    const struct ledger_result result = {
        .id = customer->id,
        .row = 7,
        .operation = operation,
        .conclusion = conclusion,
        .event = is_sent,
        .outcome = &outcome,
        .left_out = customers_members(customers->provider, left_out),
        .attempt = 1,
        .at_ns = customer->at_ns + 1,
    };
    bool taken = true;
    if (ledger_result(fixture->ledger, &result, &taken, &fixture->error) != 0)
        fail_msg("result: %s", fixture->error.text);
    assert_false(taken);
}

/* A person's verdict; user_id "": it has none. */
static inline void customers_settle(struct customers *customers, struct customer *customer,
                                    const char *user_id, bool differs)
{
    struct fixture *fixture = customers->fixture;
    const struct ledger_verdict verdict = {.external_id = slice_from(customer->key),
                                           .user_id = slice_from(user_id),
                                           .differs = differs,
                                           .at_ns = customer->at_ns + 2};
    enum ledger_settlement settlement = LEDGER_SETTLE_UNKNOWN;
    struct ledger_customer found;

    if (ledger_settle(fixture->ledger, &verdict, &settlement, &fixture->error) != 0)
        fail_msg("settle: %s", fixture->error.text);
    assert_true(settlement == LEDGER_SETTLED || settlement == LEDGER_SETTLE_ADOPTED ||
                settlement == LEDGER_SETTLE_ACCEPTED || settlement == LEDGER_SETTLE_ALLOWED);
    assert_int_equal(
        ledger_find_by_key(fixture->ledger, verdict.external_id, &fixture->arena, &found, &fixture->error),
        1);
    customer->id = found.id;
}

static inline void customers_rekey(struct customers *customers, const struct customer *customer)
{
    struct fixture *fixture = customers->fixture;
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN];
    struct sample sample = {0};
    size_t len = customers->provider->fields->slot_count * FINGERPRINT_MEMBER_LEN;

    sample_set(&sample, FIELD_EXTERNAL_ID, customer->key);
    fingerprint_members(customers->fingerprint, &sample.record, members);
    bool is_digested = false;
    for (size_t i = 0; i < len; i++)
        is_digested = is_digested || members[i] != FINGERPRINT_MEMBER_ABSENT;
    const struct ledger_rekey rekey = {.from = slice_from(customer->former_key),
                                       .to = slice_from(customer->key),
                                       .key_members = slice_make((const char *)members, len),
                                       .is_digested = is_digested,
                                       .at_ns = customer->at_ns + 2};
    enum ledger_settlement settlement;
    assert_int_equal(ledger_rekey(fixture->ledger, &rekey, &settlement, &fixture->error), 0);
    assert_int_equal(settlement, LEDGER_SETTLED);
}

static inline void customers_erase(struct customers *customers, struct customer *customer)
{
    struct fixture *fixture = customers->fixture;
    bool found = false;
    assert_int_equal(
        erase_one(fixture->ledger, slice_from(customer->key), customer->at_ns + 2, &found, &fixture->error),
        0);
    assert_true(found);
    customer->id = 0; /* it is not seen any more */
}

/* The creates of lives without a user. */
static inline void customers_add_create(struct customers *customers, struct customer *customer,
                                        enum life life)
{
    struct fixture *fixture = customers->fixture;

    switch (life) {
    case UNSENT:
        customers_answer(customers, customer, OPERATION_CREATE, LEDGER_RESULT_ABANDONED, OUTCOME_NOT_SENT, 0,
                         "");
        return;
    case REFUSED:
    case REFUSED_TWICE:
    case FORGOTTEN:
        customers_answer(customers, customer, OPERATION_CREATE, LEDGER_RESULT_REFUSED, OUTCOME_REFUSED, 422,
                         "");
        if (life == FORGOTTEN)
            assert_int_equal(
                ledger_forget_refusal(fixture->ledger, customer->id, customer->at_ns + 2, &fixture->error),
                0);
        return;
    case REFUSED_UNSENT:
        customers_answer(customers, customer, OPERATION_CREATE, LEDGER_RESULT_REFUSED, OUTCOME_REFUSED, 0,
                         "");
        return;
    case IN_DOUBT:
    case SETTLED_NO_USER:
    case ASSIGNED:
    case ASSIGNED_OTHER:
        customers_answer(customers, customer, OPERATION_CREATE, LEDGER_RESULT_IN_DOUBT, OUTCOME_IN_DOUBT, 0,
                         "");
        return;
    case RETRIED:
    case THROTTLED:
    case EXISTS:
        customers_answer(customers, customer, OPERATION_CREATE, LEDGER_RESULT_OPEN, OUTCOME_IN_DOUBT, 503,
                         "");
        if (life == THROTTLED)
            customers_answer(customers, customer, OPERATION_CREATE, LEDGER_RESULT_ABANDONED,
                             OUTCOME_THROTTLED, 429, "");
        if (life == EXISTS)
            customers_answer(customers, customer, OPERATION_CREATE, LEDGER_RESULT_IN_DOUBT, OUTCOME_EXISTS,
                             409, "");
        return;
    default:
        customers_answer(customers, customer, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, OUTCOME_DONE, 201,
                         "");
    }
}

static inline void customers_add_update(struct customers *customers, struct customer *customer,
                                        enum life life, unsigned person)
{
    customers_journal(customers, customer, customer->key, OPERATION_UPDATE, ROW_PHONE, person, true, false);
    if (life == GIVEN_UP)
        customers_answer(customers, customer, OPERATION_UPDATE, LEDGER_RESULT_ABANDONED, OUTCOME_NOT_SENT, 0,
                         "");
    else if (life == UPDATE_REFUSED)
        customers_answer(customers, customer, OPERATION_UPDATE, LEDGER_RESULT_REFUSED, OUTCOME_REFUSED, 422,
                         "");
    else if (life == UPDATE_IN_DOUBT)
        customers_answer(customers, customer, OPERATION_UPDATE, LEDGER_RESULT_IN_DOUBT, OUTCOME_IN_DOUBT, 0,
                         "");
    else if (life != UPDATE_JOURNALLED)
        customers_answer(customers, customer, OPERATION_UPDATE, LEDGER_RESULT_ACKNOWLEDGED, OUTCOME_DONE, 200,
                         life == LEFT_OUT ? "phone" : "");
}

static inline void customers_add_twin(struct customers *customers, struct customer *customer, enum life life,
                                      unsigned person)
{
    struct fixture *fixture = customers->fixture;

    if (life == TWIN_STOPPED) /* a run stops all twins of its own */
        customers_start_run(customers);
    customers_journal(customers, customer, customer->key, OPERATION_CREATE, ROW_SAME, person, true, true);
    if (life == TWIN_STOPPED) {
        assert_int_equal(ledger_stop_twins(fixture->ledger, customer->at_ns + 2, &fixture->error), 0);
        customers_start_run(customers);
    }
    if (life == TWIN_ALLOWED)
        customers_settle(customers, customer, "", false);
}

static inline struct customer customers_add(struct customers *customers, enum life life, const char *key,
                                            unsigned person)
{
    struct customer customer = {.at_ns = FIXTURE_AT + 1000 * (person + 1)};

    snprintf(customer.key, sizeof customer.key, "%s", key);
    snprintf(customer.former_key, sizeof customer.former_key, "old-%s", key);
    snprintf(customer.user_id, sizeof customer.user_id, "fake-user-%s", key);
    snprintf(customer.idempotency_key, sizeof customer.idempotency_key, "idempotency-%s", key);
    snprintf(customer.message, sizeof customer.message, "the provider's words about %s", key);
    if (life == NEVER_SEEN)
        return customer;
    if (life == TWIN_STOPPED || life == TWIN_REFUSED || life == TWIN_ALLOWED) {
        customers_add_twin(customers, &customer, life, person);
        return customer;
    }
    if (life == ADOPTED) {
        customers_settle(customers, &customer, customer.user_id, true);
        return customer;
    }
    if (life == JOURNALLED_NOW)
        customers_start_run(customers);
    customers_journal(customers, &customer, life == REKEYED ? customer.former_key : key, OPERATION_CREATE,
                      ROW_SAME, person, life != UNMATCHABLE, false);
    if (life == JOURNALLED || life == JOURNALLED_NOW)
        return customer;
    customers_add_create(customers, &customer, life);
    if (life == REFUSED_TWICE) {
        customers_journal(customers, &customer, key, OPERATION_CREATE, ROW_SAME, person, true, false);
        customers_add_create(customers, &customer, life);
    }
    if (LIFE(life) & lives_with_update)
        customers_add_update(customers, &customer, life, person);
    if (life == SETTLED_NO_USER)
        customers_settle(customers, &customer, "", false);
    if (life == ACCEPTED || life == ASSIGNED || life == ASSIGNED_OTHER)
        customers_settle(customers, &customer, customer.user_id, life == ASSIGNED_OTHER);
    if (life == REKEYED)
        customers_rekey(customers, &customer);
    if (life == ERASED)
        customers_erase(customers, &customer);
    return customer;
}

#endif
