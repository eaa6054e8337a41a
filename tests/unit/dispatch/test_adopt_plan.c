/* Which users are whose: each row is a small export, the users of a provider, and what is decided of each
 * record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/json.h"
#include "dispatch/adopt_plan.h"
#include "provider/provider_table.h"
#include "unit/job_parts.h"
#include "unit/provider/records.h"

enum { RECORDS_MAX = 3, USERS_MAX = 3, TEXT_SIZE = 256 };

static const uint8_t key[FINGERPRINT_KEY_LEN] = {1, 2, 3};

/* A record: key, e-mail, first name, birth date, phone; the last name is Example. */
struct person {
    const char *key, *email, *first, *birth, *phone;
};

#define ADA                                                                                                  \
    {                                                                                                        \
        "c-ada", "ada@example.com", "Ada", "1990-02-03", "+14155550110"                                      \
    }
#define BOB                                                                                                  \
    {                                                                                                        \
        "c-bob", "ada@example.com", "Bob", "1985-02-03", "+14155550111"                                      \
    }
#define ADA2                                                                                                 \
    {                                                                                                        \
        "c-twin", "ada@example.com", "Ada", "1990-02-03", "+14155550110"                                     \
    }

/* Users of kira. */
#define USER(id, named, email, first, birth, phone)                                                          \
    "{\"id\":\"" id "\",\"email\":\"" email "\",\"first_name\":\"" first                                     \
    "\",\"last_name\":\"Example\",\"birth_date\":\"" birth "\",\"phone\":\"" phone "\"" named "}"
#define NAMED(key)   ",\"metadata\":{\"external_id\":\"" key "\"}"
#define U_ADA(named) USER("u-ada", named, "ada@example.com", "Ada", "1990-02-03", "+14155550110")
#define U_BOB(named) USER("u-bob", named, "ada@example.com", "Bob", "1985-02-03", "+14155550111")

static const struct row {
    const char *sentence;
    struct person records[RECORDS_MAX];
    const char *users[USERS_MAX];
    bool is_known[USERS_MAX];
    const char *want; /* `KEY RESULT [REASON] [USER] [fields that differ]`, in the order of rows */
} rows[] = {
    {"no user", {ADA}, {0}, {0}, "c-ada create"},
    {"a user that carries the key", {ADA}, {U_ADA(NAMED("c-ada"))}, {0}, "c-ada user u-ada"},
    {"a user without a key", {ADA}, {U_ADA("")}, {0}, "c-ada user u-ada"},
    {"a user of another customer",
     {ADA},
     {U_ADA(NAMED("c-other"))},
     {0},
     "c-ada unclear other_customer u-ada"},
    {"a user that the ledger has", {ADA}, {U_ADA("")}, {true}, "c-ada unclear other_customer u-ada"},
    {"the e-mail address but for case",
     {ADA},
     {USER("u-1", "", "Ada@Example.COM", "Ada", "1990-02-03", "+14155550110")},
     {0},
     "c-ada user u-1"},
    {"another phone, and the key",
     {ADA},
     {USER("u-1", NAMED("c-ada"), "ada@example.com", "Ada", "1990-02-03", "+14155550199")},
     {0},
     "c-ada user u-1 phone"},
    {"another phone, and no key",
     {ADA},
     {USER("u-1", "", "ada@example.com", "Ada", "1990-02-03", "+14155550199")},
     {0},
     "c-ada unclear differs u-1 phone"},
    {"another name, and the key",
     {ADA},
     {USER("u-1", NAMED("c-ada"), "ada@example.com", "Eve", "1990-02-03", "+14155550110")},
     {0},
     "c-ada unclear differs u-1 first_name"},
    {"another e-mail address, and the key",
     {ADA},
     {USER("u-1", NAMED("c-ada"), "eve@example.com", "Ada", "1990-02-03", "+14155550110")},
     {0},
     "c-ada unclear differs u-1 email"},
    {"another e-mail address, and no key",
     {ADA},
     {USER("u-1", "", "eve@example.com", "Ada", "1990-02-03", "+14155550110")},
     {0},
     "c-ada create"},
    {"a relative: two differences",
     {ADA},
     {USER("u-1", "", "ada@example.com", "Eve", "1960-01-01", "+14155550110")},
     {0},
     "c-ada create"},
    {"a relative: one difference",
     {ADA},
     {USER("u-1", "", "ada@example.com", "Eve", "1990-02-03", "+14155550110")},
     {0},
     "c-ada unclear differs u-1 first_name"},
    {"names in capitals",
     {ADA},
     {"{\"id\":\"u-1\",\"email\":\"ada@example.com\",\"first_name\":\"ADA\",\"last_name\":\"EXAMPLE\","
      "\"birth_date\":\"1990-02-03\"}"},
     {0},
     "c-ada unclear differs u-1 first_name last_name"},
    {"other names, and no birth date is shown",
     {ADA},
     {"{\"id\":\"u-1\",\"email\":\"ada@example.com\",\"first_name\":\"Eve\",\"last_name\":\"Other\"}"},
     {0},
     "c-ada create"},
    {"a family", {ADA, BOB}, {U_BOB(""), U_ADA("")}, {0}, "c-ada user u-ada, c-bob user u-bob"},
    {"a new child of a family", {ADA, BOB}, {U_BOB("")}, {0}, "c-ada create, c-bob user u-bob"},
    {"two users",
     {ADA},
     {U_ADA(""), USER("u-2", "", "ada@example.com", "Ada", "1990-02-03", "+14155550110")},
     {0},
     "c-ada unclear several_users u-2"},
    {"two records",
     {ADA, ADA2},
     {U_ADA("")},
     {0},
     "c-ada unclear several_records u-ada, c-twin unclear several_records u-ada"},
    {"two records, of which one is named",
     {ADA, ADA2},
     {U_ADA(NAMED("c-ada"))},
     {0},
     "c-ada user u-ada, c-twin unclear other_customer u-ada"},
    {"two records and two named users",
     {ADA, ADA2},
     {U_ADA(NAMED("c-ada")),
      USER("u-2", NAMED("c-twin"), "ada@example.com", "Ada", "1990-02-03", "+14155550110")},
     {0},
     "c-ada user u-ada, c-twin user u-2"},
    {"a second user with the key under another address",
     {ADA},
     {U_ADA(NAMED("c-ada")),
      USER("u-2", NAMED("c-ada"), "eve@example.com", "Ada", "1990-02-03", "+14155550110")},
     {0},
     "c-ada user u-ada"},
    {"no name is shown",
     {ADA},
     {"{\"id\":\"u-1\",\"email\":\"ada@example.com\"}"},
     {0},
     "c-ada unclear incomplete u-1"},
    {"no name is shown, but the key",
     {ADA},
     {"{\"id\":\"u-1\",\"email\":\"ada@example.com\",\"metadata\":{\"external_id\":\"c-ada\"}}"},
     {0},
     "c-ada user u-1"},
    {"listed twice", {ADA}, {U_ADA(""), U_ADA("")}, {0}, "c-ada user u-ada"},
    {"a birth date that cannot be read",
     {ADA},
     {USER("u-1", NAMED("c-ada"), "ada@example.com", "Ada", "3.2.1990", "+14155550110")},
     {0},
     "c-ada unclear differs u-1 date_of_birth"},
};

static void add_record(struct adopt_plan *plan, struct fingerprint *fingerprint, const struct person *person,
                       uint64_t row)
{
    struct sample sample = {0};

    sample_set(&sample, FIELD_EXTERNAL_ID, person->key);
    sample_set(&sample, FIELD_EMAIL, person->email);
    sample_set(&sample, FIELD_FIRST_NAME, person->first);
    sample_set(&sample, FIELD_LAST_NAME, "Example");
    sample_set(&sample, FIELD_DATE_OF_BIRTH, person->birth);
    sample_set(&sample, FIELD_PHONE, person->phone);
    sample.record.row = row;
    fingerprint_record(fingerprint, &sample.record, sample.record.digest);
    adopt_plan_add_record(plan, &sample.record, NULL);
}

static void add_user(struct adopt_plan *plan, const struct job *job, const char *text, bool is_known)
{
    const struct provider *kira = provider_find("kira");
    struct json_reader *reader = json_reader_new();
    struct provider_user user;
    struct json_fault fault;
    struct arena arena;
    size_t count;

    arena_init(&arena, 4096);
    const struct json_node *nodes = json_reader_parse(reader, slice_from(text), &count, &fault);
    assert_non_null(nodes);
    assert_true(kira->read_user(nodes, 0, job, &arena, &user));
    adopt_plan_add_user(plan, &user, nodes, is_known);
    arena_clear(&arena);
    json_reader_free(reader);
}

static void describe(const struct adopt_plan *plan, uint64_t row, char *out, size_t size)
{
    static const char *const results[] = {"open", "user", "create", "unclear"};
    const struct provider_fields *fields = provider_find("kira")->fields;
    size_t len = 0;

    for (size_t i = 0; i < adopt_plan_record_count(plan); i++) {
        const struct adopt_record *record = adopt_plan_record(plan, i);
        if (record->row != row)
            continue;
        len += (size_t)snprintf(out + len, size - len, "%.*s %s", (int)record->external_id.len,
                                record->external_id.data, results[record->result]);
        if (record->result == ADOPT_UNCLEAR)
            len += (size_t)snprintf(out + len, size - len, " %s", adopt_reason_word(record->reason));
        if (record->user_id)
            len += (size_t)snprintf(out + len, size - len, " %s", record->user_id);
        for (size_t slot = 0; slot < fields->slot_count; slot++)
            if (record->differing >> slot & 1)
                len += (size_t)snprintf(out + len, size - len, " %s",
                                        field_name(provider_fields_member(fields, slot)->field));
    }
}

/* is_fetched: the same users, each by its own reply, the last one first. */
static void run_row(const struct row *row, bool is_fetched, char *out)
{
    const struct job job = {.name = "test"};
    const struct provider *kira = provider_find("kira");
    struct fingerprint *fingerprint = fingerprint_new(key, kira->fields);
    struct adopt_plan *plan = adopt_plan_new(&job, kira, key, is_fetched);
    struct json_reader *reader = json_reader_new();
    size_t numbers[USERS_MAX], count = 0, node_count;
    const char *ids[USERS_MAX];
    struct json_fault fault;

    out[0] = '\0';
    for (size_t i = 0; i < RECORDS_MAX && row->records[i].key; i++)
        add_record(plan, fingerprint, &row->records[i], i + 1);
    adopt_plan_end_records(plan);
    for (int pass = 0; pass < 2; pass++) { /* a listing may begin again */
        adopt_plan_begin_users(plan);
        for (size_t i = 0; i < USERS_MAX && row->users[i]; i++)
            add_user(plan, &job, row->users[i], row->is_known[i]);
    }
    adopt_plan_end_users(plan);
    while (is_fetched && (ids[count] = adopt_plan_next_user(plan, &numbers[count])))
        count++;
    while (count-- > 0)
        for (size_t i = 0; i < USERS_MAX && row->users[i]; i++) {
            char id[TEXT_SIZE];
            snprintf(id, sizeof id, "{\"id\":\"%s\"", ids[count]);
            if (strncmp(row->users[i], id, strlen(id)) != 0)
                continue;
            adopt_plan_add_fetched(plan, numbers[count],
                                   json_reader_parse(reader, slice_from(row->users[i]), &node_count, &fault),
                                   false);
            break;
        }
    adopt_plan_finish(plan);
    for (uint64_t i = 1; i <= RECORDS_MAX; i++) {
        char text[TEXT_SIZE] = "";
        describe(plan, i, text, sizeof text);
        snprintf(out + strlen(out), TEXT_SIZE - strlen(out), "%s%s", text[0] && out[0] ? ", " : "", text);
    }
    json_reader_free(reader);
    adopt_plan_free(plan);
    fingerprint_free(fingerprint);
}

static void each_record_has_its_user_or_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[TEXT_SIZE];
        run_row(&rows[i], false, got);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: got %s, want %s", rows[i].sentence, got, rows[i].want);
    }
}

/* Users that the ledger has are not fetched: whether one of them is a twin is asked by the run. */
static void fetched_users_lead_to_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[TEXT_SIZE];
        run_row(&rows[i], true, got);
        if (strcmp(got, rows[i].is_known[0] ? "c-ada create" : rows[i].want) != 0)
            fail_msg("%s: got %s, want %s", rows[i].sentence, got, rows[i].want);
    }
}

/* The users of an address are decided together, once the last of them is known. */
static void a_record_is_decided_when_nothing_can_change_it(void **state)
{
    (void)state;
    const struct job job = {.name = "test"};
    const struct provider *kira = provider_find("kira");
    const struct person records[] = {ADA, BOB};
    struct fingerprint *fingerprint = fingerprint_new(key, kira->fields);
    struct adopt_plan *plan = adopt_plan_new(&job, kira, key, true);
    struct json_reader *reader = json_reader_new();
    struct json_fault fault;
    size_t number, other, count;

    add_record(plan, fingerprint, &records[0], 1);
    add_record(plan, fingerprint, &records[1], 2);
    adopt_plan_end_records(plan);
    adopt_plan_begin_users(plan);
    add_user(plan, &job, U_ADA(""), false);
    add_user(plan, &job, U_BOB(""), false);
    adopt_plan_end_users(plan);
    bool is_ada = strcmp(adopt_plan_next_user(plan, &number), "u-ada") == 0;
    assert_non_null(adopt_plan_next_user(plan, &other));
    assert_null(adopt_plan_next_user(plan, &(size_t){0}));
    adopt_plan_add_fetched(
        plan, number, json_reader_parse(reader, slice_from(is_ada ? U_ADA("") : U_BOB("")), &count, &fault),
        false);
    assert_null(adopt_plan_pop(plan));
    adopt_plan_add_fetched(plan, other, NULL, true);
    const struct adopt_record *record = adopt_plan_pop(plan);
    assert_non_null(record);
    assert_string_equal(record->user_id, is_ada ? "u-ada" : "u-bob");
    assert_null(adopt_plan_pop(plan));
    adopt_plan_finish(plan);
    for (size_t i = 0; i < 2; i++)
        if (adopt_plan_record(plan, i) != record) {
            assert_int_equal(adopt_plan_record(plan, i)->result, ADOPT_UNCLEAR);
            assert_int_equal(adopt_plan_record(plan, i)->reason, ADOPT_NOT_FETCHED);
        }
    json_reader_free(reader);
    adopt_plan_free(plan);
    fingerprint_free(fingerprint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_has_its_user_or_a_reason),
        cmocka_unit_test(fetched_users_lead_to_the_same),
        cmocka_unit_test(a_record_is_decided_when_nothing_can_change_it),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("adopt_plan", tests, NULL, NULL);
}
