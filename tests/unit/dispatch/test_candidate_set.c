#include "unit/ledger/ledger_fixture.h"

#include "core/memory.h"
#include "dispatch/candidate_set.h"
#include "dispatch/user_stream.h"
#include "provider/provider_table.h"
#include "unit/job_parts.h"

/* The users come from a listing, whose sink is fed as the sender would: an empty slice first, then the body
 * in pieces. */

static const uint8_t key[FINGERPRINT_KEY_LEN] = {1, 2, 3};

struct person {
    const char *email, *first, *last, *birth;
};

static const struct person ada = {"ada@example.com", "Ada", "Example", "1990-02-03"};
static const struct person bob = {"ada@example.com", "Bob", "Example", "1991-02-03"};
static const struct person eve = {"eve@example.com", "Eve", "Example", "1992-02-03"};

static void set_value(struct value *values, enum field_id field, const char *text)
{
    values[field] = (struct value){slice_from(text), VALUE_PRESENT};
}

static void add_case(struct candidate_set *set, const struct provider *provider, const struct person *person)
{
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN], email[FINGERPRINT_MEMBER_LEN];
    struct value *values = memory_new(field_count(), sizeof *values);
    const struct record record = {.values = values};
    struct fingerprint *fingerprint = fingerprint_new(key, provider->fields);

    set_value(values, FIELD_EMAIL, person->email);
    set_value(values, FIELD_FIRST_NAME, person->first);
    set_value(values, FIELD_LAST_NAME, person->last);
    set_value(values, FIELD_DATE_OF_BIRTH, person->birth);
    set_value(values, FIELD_CITY, "Example City");
    fingerprint_members(fingerprint, &record, members);
    fingerprint_email(fingerprint, &record, email);
    candidate_set_add(set, (void *)(uintptr_t)person,
                      &(struct ledger_customer){
                          .pending_member_digests = slice_make(
                              (const char *)members, provider->fields->slot_count * FINGERPRINT_MEMBER_LEN),
                          .pending_email_digest = slice_make((const char *)email, sizeof email)});
    fingerprint_free(fingerprint);
    free(values);
}

#define USER(id, email, first, last, birth)                                                                  \
    "{\"id\":\"" id "\",\"email\":\"" email "\",\"first_name\":\"" first "\",\"last_name\":\"" last          \
    "\",\"date_of_birth\":\"" birth "\",\"city\":\"X\"}"
#define ADA  USER("u-ada", "ada@EXAMPLE.com", "Ada", "Example", "03/02/1990")
#define BOB  USER("u-bob", "ada@example.com", "Bob", "Example", "03/02/1991")
#define LOUD USER("u-loud", "ADA@example.com", "Ada", "Example", "03/02/1990")
#define PART "{\"id\":\"u-part\",\"first_name\":\"Ada\",\"date_of_birth\":\"03/02/1990\"}"
#define OLD  USER("u-old", "old@example.com", "Old", "Example", "03/02/1950")

static const struct row {
    const char *sentence, *body;
    bool taken, whole, certain;
    /* Candidates: `id=` all agrees, `id+` but for case, `id?` what is given, `id~` the e-mail alone. */
    const char *of_ada, *of_bob;
} rows[] = {
    {"only users of the ledger", "{\"users\":[" OLD "]}", true, true, true, "", ""},
    {"not even those", "{\"users\":[]}", true, true, false, "", ""},
    {"one of a family", "{\"users\":[" OLD "," ADA "]}", true, true, true, "u-ada=", "u-ada~"},
    {"the whole family", "{\"users\":[" BOB "," OLD "," ADA "]}", true, true, true,
     "u-bob~u-ada=", "u-bob=u-ada~"},
    {"told twice", "{\"users\":[" ADA "," ADA "," OLD "]}", true, true, true, "u-ada=", "u-ada~"},
    {"a user without an id", "{\"users\":[" OLD ",{\"email\":\"ada@example.com\"}]}", true, true, false, "",
     ""},
    {"a user without an e-mail", "{\"users\":[" OLD "," PART "]}", true, true, true, "u-part?", ""},
    {"a user without any data", "{\"users\":[" OLD ",{\"id\":\"u-any\"}]}", true, true, true, "u-any?",
     "u-any?"},
    {"an e-mail in capitals", "{\"users\":[" OLD "," LOUD "]}", true, true, true, "u-loud+", "u-loud~"},
    {"a list that goes on", "{\"has_more\":true,\"users\":[" OLD "]}", true, true, false, "", ""},
    {"a list of more", "{\"users\":[" OLD "],\"meta\":{\"total\":2}}", true, true, false, "", ""},
    {"a list of so many", "{\"users\":[" OLD "," ADA "],\"meta\":{\"total\":2,\"next\":null}}", true, true,
     true, "u-ada=", "u-ada~"},
    {"cut", "{\"users\":[" OLD "," ADA, true, false, false, NULL, NULL},
    {"no JSON", "{\"users\":[" OLD ",{x}]}", false, false, false, NULL, NULL},
};

static int setup(void **state)
{
    fixture_setup(state);
    fixture_create(*state, "old", "abc", "u-old");
    return 0;
}

static void candidates_of(const struct candidate_set *set, const struct person *person, char *text,
                          size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < candidate_set_count(set); i++) {
        const struct candidate_case *which = candidate_set_at(set, i);
        for (size_t j = 0; which->owner == person && j < which->count; j++) {
            size_t len = strlen(text);
            snprintf(text + len, size - len, "%s%c", which->candidates[j].user_id,
                     "!~?+="[which->candidates[j].match]);
        }
    }
}

static bool feed(struct delivery *delivery, const char *body, size_t piece)
{
    size_t len = strlen(body);
    bool taken = delivery->sink(delivery->sink_context, slice_make(NULL, 0));

    for (size_t offset = 0; offset < len; offset += piece)
        taken =
            taken && delivery->sink(delivery->sink_context,
                                    slice_make(body + offset, piece < len - offset ? piece : len - offset));
    return taken;
}

static void begin(void *context)
{
    candidate_set_begin(context);
}

static void add(void *context, const struct provider_user *user, const struct json_node *nodes, bool is_known)
{
    (void)nodes;
    candidate_set_compare(context, user, is_known);
}

static void users_that_may_be_a_creates_own_are_its_candidates(void **state)
{
    struct ledger *ledger = ((struct fixture *)*state)->ledger;
    const struct provider *provider = provider_find("payso");
    const struct job job = {.provider = {JOB_SETTINGS(JOB_NUMBER(SETTING_LIST_MAX, 100000))}};
    struct candidate_set *set = candidate_set_new(provider, key);
    const struct user_stream_handler handler = {.begin = begin, .add = add, .context = set};
    struct user_stream *stream = user_stream_new(&job, provider, &handler);
    struct error error;
    char text[256];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t piece = 1; piece < 300; piece += 97) {
            struct delivery delivery = {.subject = 0};
            assert_int_equal(user_stream_prepare(stream, ledger, &error), 0);
            candidate_set_clear(set);
            add_case(set, provider, &bob);
            add_case(set, provider, &eve);
            add_case(set, provider, &ada);
            user_stream_attach(stream, &delivery);
            (void)feed(&delivery, "{\"users\":[" OLD "," BOB,
                       50); /* an attempt that broke off leaves nothing */
            if (feed(&delivery, rows[i].body, piece) != rows[i].taken ||
                user_stream_is_whole(stream) != rows[i].whole ||
                user_stream_is_certain(stream, &delivery) != rows[i].certain)
                fail_msg("%s", rows[i].sentence);
            if (!rows[i].of_ada)
                continue;
            candidates_of(set, &ada, text, sizeof text);
            assert_string_equal(text, rows[i].of_ada);
            candidates_of(set, &bob, text, sizeof text);
            assert_string_equal(text, rows[i].of_bob);
            candidates_of(set, &eve, text, sizeof text);
            assert_string_equal(text, strstr(rows[i].body, "u-any") ? "u-any?" : "");
        }
    }
    user_stream_free(stream);
    candidate_set_free(set);
}

/* The best are kept, and that there were more is not forgotten. */
static void a_create_has_a_bounded_number_of_candidates(void **state)
{
    const struct provider *provider = provider_find("payso");
    struct candidate_set *set = candidate_set_new(provider, key);
    struct value *values = memory_new(field_count(), sizeof *values);
    char id[OUTCOME_USER_ID_SIZE];

    (void)state;
    add_case(set, provider, &ada);
    candidate_set_begin(set);
    set_value(values, FIELD_EMAIL, ada.email);
    set_value(values, FIELD_FIRST_NAME, "Bob");
    for (int i = 0; i < CANDIDATES_MAX + 1; i++) {
        snprintf(id, sizeof id, "u-%d", i);
        const struct provider_user user = {.id = slice_from(id), .values = values};
        candidate_set_compare(set, &user, false);
        candidate_set_compare(set, &user, false); /* shown twice */
        assert_int_equal(candidate_set_at(set, 0)->more[MATCH_EMAIL], i == CANDIDATES_MAX);
    }
    set_value(values, FIELD_FIRST_NAME, ada.first);
    set_value(values, FIELD_LAST_NAME, ada.last);
    set_value(values, FIELD_DATE_OF_BIRTH, ada.birth);
    memset(&values[FIELD_CITY], 0, sizeof *values);
    const struct provider_user user = {.id = SLICE_LITERAL("u-ada"), .values = values};
    candidate_set_compare(set, &user, false);
    const struct candidate_case *which = candidate_set_at(set, 0);
    size_t found = 0;
    for (size_t i = 0; i < which->count; i++)
        found +=
            which->candidates[i].match == MATCH_ALL && strcmp(which->candidates[i].user_id, "u-ada") == 0;
    assert_int_equal(which->count, CANDIDATES_MAX);
    assert_int_equal(found, 1);
    assert_false(which->more[MATCH_ALL]);
    candidate_set_begin(set);
    assert_int_equal(candidate_set_at(set, 0)->count, 0);
    assert_false(candidate_set_at(set, 0)->more[MATCH_EMAIL]);
    free(values);
    candidate_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(users_that_may_be_a_creates_own_are_its_candidates, setup,
                                        fixture_teardown),
        cmocka_unit_test(a_create_has_a_bounded_number_of_candidates),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("candidate_set", tests, NULL, NULL);
}
