/* reconcile_look_up: which user a create in doubt has made, from the answers of a provider that finds users
 * by e-mail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dispatch/reconcile_look_up.h"
#include "provider/provider_table.h"
#include "unit/provider/records.h"

enum { PAGES_MAX = 4, REQUESTS_MAX = 16, TRACE_SIZE = 128 };

static const uint8_t key[FINGERPRINT_KEY_LEN] = {9};

#define PERSON(id, email, last, rest)                                                                        \
    "{\"id\":\"" id "\",\"email\":\"" email "\",\"first_name\":\"Ada\",\"last_name\":\"" last                \
    "\",\"birth_date\":\"1990-02-03\"" rest "}"
#define OF(key)     ",\"metadata\":{\"external_id\":\"" key "\"}"
#define PAGE(users) "{\"users\":[" users "]}"
#define HIT(id)     "{\"id\":\"" id "\"}"
#define LISTS(users)                                                                                         \
    {                                                                                                        \
        PAGE(users), PAGE("")                                                                                \
    }

/* What GET by id returns; NULL: 404. */
static const struct {
    const char *id, *body;
} users[] = {
    {"u-ours", PERSON("u-ours", "ada@example.com", "Example", OF("C-1"))},
    {"u-again", PERSON("u-again", "ada@example.com", "Example", OF("C-1"))},
    {"u-loud", PERSON("u-loud", "ADA@EXAMPLE.COM", "Example", OF("C-1"))},
    {"u-part", "{\"id\":\"u-part\"" OF("C-1") "}"},
    {"u-renamed", PERSON("u-renamed", "ada@example.com", "Other", OF("C-1"))},
    {"u-moved", PERSON("u-moved", "other@example.com", "Example", OF("C-1"))},
    {"u-sister", PERSON("u-sister", "ada@example.com", "Example", OF("C-2"))},
    {"u-unnamed", PERSON("u-unnamed", "ada@example.com", "Example", "")},
    {"u-gone", NULL},
};

/* Requests: `L0` the page at offset 0, `l0` of the e-mail in lower case, then ids. */
static const struct question_case {
    const char *sentence, *email;
    const char *pages[PAGES_MAX], *lower[PAGES_MAX];
    const char *named; /* by the answer to the create; NULL: none */
    bool alone;
    enum task_finding want;
    const char *user_or_code, *requests;
} cases[] = {
    {"nobody has the e-mail",
     "ada@example.com",
     {PAGE("")},
     {NULL},
     NULL,
     false,
     TASK_FOUND_NOBODY,
     "",
     "L0"},
    {"a user with our external id",
     "ada@example.com",
     LISTS(HIT("u-ours")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_OURS,
     "u-ours",
     "L0 L1 u-ours"},
    {"of another customer: families share an e-mail",
     "ada@example.com",
     LISTS(HIT("u-sister")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_NOBODY,
     "",
     "L0 L1 u-sister"},
    {"ours in a family",
     "ada@example.com",
     LISTS(HIT("u-sister") "," HIT("u-ours")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_OURS,
     "u-ours",
     "L0 L2 u-sister u-ours"},
    {"without an external id: whose it is is open",
     "ada@example.com",
     LISTS(HIT("u-unnamed")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_UNCLEAR,
     "user_unnamed",
     "L0 L1 u-unnamed"},
    {"ours beside one without",
     "ada@example.com",
     LISTS(HIT("u-unnamed") "," HIT("u-ours")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_OURS,
     "u-ours",
     "L0 L2 u-unnamed u-ours"},
    {"what an answer leaves out counts as equal",
     "ada@example.com",
     LISTS(HIT("u-part")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_OURS,
     "u-part",
     "L0 L1 u-part"},
    {"an e-mail in capitals is the same",
     "ada@example.com",
     LISTS(HIT("u-loud")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_OURS,
     "u-loud",
     "L0 L1 u-loud"},
    {"our external id and another name",
     "ada@example.com",
     LISTS(HIT("u-renamed")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_UNCLEAR,
     "user_differs",
     "L0 L1 u-renamed"},
    {"our external id and another e-mail",
     "ada@example.com",
     LISTS(HIT("u-moved")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_UNCLEAR,
     "user_differs",
     "L0 L1 u-moved"},
    {"ours beside one that differs",
     "ada@example.com",
     LISTS(HIT("u-ours") "," HIT("u-renamed")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_UNCLEAR,
     "user_differs",
     "L0 L2 u-ours u-renamed"},
    {"two are ours",
     "ada@example.com",
     LISTS(HIT("u-ours") "," HIT("u-again")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_UNCLEAR,
     "several_users",
     "L0 L2 u-ours u-again"},
    {"listed, but not returned: it may be ours",
     "ada@example.com",
     LISTS(HIT("u-gone")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_UNCLEAR,
     "user_not_fetched",
     "L0 L1 u-gone"},
    {"ours beside one that is not returned",
     "ada@example.com",
     LISTS(HIT("u-gone") "," HIT("u-ours")),
     {NULL},
     NULL,
     false,
     TASK_FOUND_OURS,
     "u-ours",
     "L0 L2 u-gone u-ours"},

    {"two pages",
     "ada@example.com",
     {PAGE(HIT("u-sister")), PAGE(HIT("u-ours")), PAGE("")},
     {NULL},
     NULL,
     false,
     TASK_FOUND_OURS,
     "u-ours",
     "L0 L1 L2 u-sister u-ours"},
    {"a provider without pages",
     "ada@example.com",
     {PAGE(HIT("u-sister")), PAGE(HIT("u-sister"))},
     {NULL},
     NULL,
     false,
     TASK_FOUND_NOBODY,
     "",
     "L0 L1 u-sister"},
    {"an empty page that goes on proves no absence",
     "ada@example.com",
     {"{\"users\":[],\"has_more\":true}"},
     {NULL},
     NULL,
     false,
     TASK_FOUND_UNCLEAR,
     "listing_incomplete",
     "L0"},
    {"nor does one of more users",
     "ada@example.com",
     {"{\"users\":[" HIT("u-sister") "],\"total\":2}", PAGE("")},
     {NULL},
     NULL,
     false,
     TASK_FOUND_UNCLEAR,
     "listing_incomplete",
     "L0 L1 u-sister"},
    {"ours on a list that is not whole",
     "ada@example.com",
     {"{\"users\":[" HIT("u-ours") "],\"total\":2}", PAGE("")},
     {NULL},
     NULL,
     false,
     TASK_FOUND_OURS,
     "u-ours",
     "L0 L1 u-ours"},

    {"in both spellings nobody",
     "Ada@Example.com",
     {PAGE("")},
     {PAGE("")},
     NULL,
     false,
     TASK_FOUND_NOBODY,
     "",
     "L0 l0"},
    {"found in lower case",
     "Ada@Example.com",
     {PAGE("")},
     LISTS(HIT("u-ours")),
     NULL,
     false,
     TASK_FOUND_OURS,
     "u-ours",
     "L0 l0 l1 u-ours"},
    {"found in both: fetched once", "Ada@Example.com", LISTS(HIT("u-ours")), LISTS(HIT("u-ours")), NULL,
     false, TASK_FOUND_OURS, "u-ours", "L0 L1 l0 l1 u-ours"},

    {"the answer named it, and it is not listed",
     "ada@example.com",
     {PAGE("")},
     {NULL},
     "u-ours",
     false,
     TASK_FOUND_OURS,
     "u-ours",
     "L0 u-ours"},
    {"the answer named another's",
     "ada@example.com",
     {PAGE("")},
     {NULL},
     "u-sister",
     false,
     TASK_FOUND_NOBODY,
     "",
     "L0 u-sister"},
    {"the answer named it, where nothing can be listed",
     "ada@example.com",
     {NULL},
     {NULL},
     "u-ours",
     true,
     TASK_FOUND_OURS,
     "u-ours",
     "u-ours"},
    {"it named what is not returned",
     "ada@example.com",
     {NULL},
     {NULL},
     "u-gone",
     true,
     TASK_FOUND_UNCLEAR,
     "user_not_fetched",
     "u-gone"},
};

struct journalled {
    struct sample sample;
    struct fingerprint *fingerprint;
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN], email[FINGERPRINT_MEMBER_LEN];
    struct ledger_customer customer;
};

static void journal(struct journalled *journalled, const struct provider *provider, const char *email)
{
    memset(journalled, 0, sizeof *journalled);
    journalled->fingerprint = fingerprint_new(key, provider->fields);
    sample_set(&journalled->sample, FIELD_EXTERNAL_ID, "C-1");
    sample_set(&journalled->sample, FIELD_EMAIL, email);
    sample_set(&journalled->sample, FIELD_FIRST_NAME, "Ada");
    sample_set(&journalled->sample, FIELD_LAST_NAME, "Example");
    sample_set(&journalled->sample, FIELD_DATE_OF_BIRTH, "1990-02-03");
    fingerprint_members(journalled->fingerprint, &journalled->sample.record, journalled->members);
    fingerprint_email(journalled->fingerprint, &journalled->sample.record, journalled->email);
    journalled->customer = (struct ledger_customer){
        .external_id = SLICE_LITERAL("C-1"),
        .pending_member_digests = slice_make((const char *)journalled->members,
                                             provider->fields->slot_count * FINGERPRINT_MEMBER_LEN),
        .pending_email_digest = slice_make((const char *)journalled->email, sizeof journalled->email)};
}

static const char *user_of(const char *id)
{
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        if (strcmp(users[i].id, id) == 0)
            return users[i].body;
    fail_msg("the test has no user %s", id);
    return NULL;
}

/* Through the sink as the sender does: an empty slice first, then the body in pieces. */
static void feed(const struct delivery *delivery, const char *body)
{
    size_t len = strlen(body), half = len / 2;

    assert_true(delivery->sink(delivery->sink_context, slice_make("cut off", 7)));
    assert_true(delivery->sink(delivery->sink_context, slice_make(NULL, 0)));
    assert_true(delivery->sink(delivery->sink_context, slice_make(body, half)));
    assert_true(delivery->sink(delivery->sink_context, slice_make(body + half, len - half)));
}

/* Answers one request, and appends it to the trace. */
static void answer(const struct question_case *expected, struct delivery *delivery, size_t pages[2],
                   char *trace)
{
    size_t len = strlen(trace);

    delivery->outcome = (struct outcome){.kind = OUTCOME_DONE, .http_status = 200};
    if (delivery->call.operation == OPERATION_LOOK_UP) {
        bool lower = delivery->call.lower_email;
        snprintf(trace + len, TRACE_SIZE - len, "%s%c%u", len ? " " : "", lower ? 'l' : 'L',
                 delivery->call.offset);
        const char *page =
            pages[lower] < PAGES_MAX ? (lower ? expected->lower : expected->pages)[pages[lower]] : NULL;
        if (!page) {
            fail_msg("%s: one page more: %s", expected->sentence, trace);
            return;
        }
        pages[lower]++;
        feed(delivery, page);
        return;
    }
    assert_int_equal(delivery->call.operation, OPERATION_FETCH);
    snprintf(trace + len, TRACE_SIZE - len, "%s%s", len ? " " : "", delivery->call.user_id);
    const char *body = user_of(delivery->call.user_id);
    if (body)
        feed(delivery, body);
    else
        delivery->outcome = (struct outcome){.kind = OUTCOME_REFUSED, .http_status = 404};
}

static void the_users_with_an_e_mail_show_which_is_ours(void **state)
{
    (void)state;
    const struct provider *provider = provider_find("kira");
    const struct job job = {.name = "demo"};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct question_case *expected = &cases[i];
        struct journalled journalled;
        struct delivery delivery = {.call = {.operation = OPERATION_CREATE}};
        char trace[TRACE_SIZE] = "";
        size_t pages[2] = {0, 0};
        struct reconcile_finding finding;
        enum reconcile_answer step = RECONCILE_MORE;

        journal(&journalled, provider, expected->email);
        delivery.call.record = &journalled.sample.record;
        const struct reconcile_parts parts = {
            .job = &job, .provider = provider, .fingerprint = journalled.fingerprint};
        struct question *question = question_new(&parts, &journalled.customer);
        if (expected->named)
            question_add_named(question, expected->named, expected->alone);
        for (size_t requests = 0; step == RECONCILE_MORE; requests++) {
            assert_true(requests < REQUESTS_MAX);
            question_ask(question, &delivery);
            answer(expected, &delivery, pages, trace);
            step = question_receive(question, &delivery);
        }
        assert_int_equal(step, RECONCILE_FOUND);
        question_find(question, &finding);
        const char *got = finding.finding == TASK_FOUND_OURS ? finding.user_id : finding.code;
        if (finding.finding != expected->want || strcmp(got, expected->user_or_code) != 0 ||
            strcmp(trace, expected->requests) != 0)
            fail_msg("%s: found %d, `%s`, by %s", expected->sentence, (int)finding.finding, got, trace);
        question_free(question);
        fingerprint_free(journalled.fingerprint);
    }
}

static void an_answer_that_cannot_be_read_is_asked_for_again(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *body;
        bool is_fetch;
    } unreadable[] = {
        {"not JSON", "<html>", false},
        {"no list", "{\"message\":\"ok\"}", false},
        {"a user without an id", PAGE("{\"email\":\"ada@example.com\"}"), false},
        {"not JSON of a user", "<html>", true},
        {"no user", "{\"message\":\"ok\"}", true},
        {"another user than the one that was asked for", HIT("u-other"), true},
    };
    const struct provider *provider = provider_find("kira");
    const struct job job = {.name = "demo"};

    for (size_t i = 0; i < sizeof unreadable / sizeof *unreadable; i++) {
        struct journalled journalled;
        struct delivery delivery = {.outcome = {.kind = OUTCOME_DONE}};
        struct reconcile_finding finding;
        journal(&journalled, provider, "ada@example.com");
        delivery.call.record = &journalled.sample.record;
        const struct reconcile_parts parts = {
            .job = &job, .provider = provider, .fingerprint = journalled.fingerprint};
        struct question *question = question_new(&parts, &journalled.customer);
        if (unreadable[i].is_fetch)
            question_add_named(question, "u-ours", true);
        question_ask(question, &delivery);
        enum operation operation = delivery.call.operation;
        feed(&delivery, unreadable[i].body);
        if (question_receive(question, &delivery) != RECONCILE_UNREADABLE)
            fail_msg("%s", unreadable[i].sentence);
        question_ask(question, &delivery); /* the same request */
        assert_int_equal(delivery.call.operation, operation);
        feed(&delivery, unreadable[i].is_fetch ? user_of("u-ours") : PAGE(""));
        assert_int_equal(question_receive(question, &delivery), RECONCILE_FOUND);
        question_find(question, &finding);
        assert_int_equal(finding.finding, unreadable[i].is_fetch ? TASK_FOUND_OURS : TASK_FOUND_NOBODY);
        question_free(question);
        fingerprint_free(journalled.fingerprint);
    }
}

static void the_external_id_shows_which_user_is_ours(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        struct question_counts counts;
        enum task_finding want;
        const char *code;
    } rows[] = {
        {"nobody, or others alone", {.ours = 0}, TASK_FOUND_NOBODY, ""},
        {"ours", {.ours = 1}, TASK_FOUND_OURS, ""},
        {"ours beside one without a key", {.ours = 1, .unnamed = 1}, TASK_FOUND_OURS, ""},
        {"ours beside one that is not given", {.ours = 1, .not_fetched = 1}, TASK_FOUND_OURS, ""},
        {"ours in a list that goes on", {.ours = 1, .incomplete = true}, TASK_FOUND_OURS, ""},
        {"two of ours", {.ours = 2}, TASK_FOUND_UNCLEAR, "several_users"},
        {"our key, other data", {.differing = 1}, TASK_FOUND_UNCLEAR, "user_differs"},
        {"our key twice, once with other data",
         {.ours = 1, .differing = 1},
         TASK_FOUND_UNCLEAR,
         "user_differs"},
        {"one without a key", {.unnamed = 1}, TASK_FOUND_UNCLEAR, "user_unnamed"},
        {"one that is listed and not given", {.not_fetched = 1}, TASK_FOUND_UNCLEAR, "user_not_fetched"},
        {"nobody in a list that goes on", {.incomplete = true}, TASK_FOUND_UNCLEAR, "listing_incomplete"},
        {"too many to look at", {.too_many = true}, TASK_FOUND_UNCLEAR, "several_users"},
        {"ours among too many", {.ours = 1, .too_many = true}, TASK_FOUND_UNCLEAR, "several_users"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *code;
        if (question_decide(&rows[i].counts, &code) != rows[i].want || strcmp(code, rows[i].code) != 0)
            fail_msg("%s: %s", rows[i].sentence, code);
    }
}

/* A create is sent again after NOBODY, so nothing unclear may count as that. */
static void nobody_is_only_what_was_seen_whole_and_is_not_there(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 3 * 32; bits++) {
        const struct question_counts counts = {.ours = bits / 32,
                                               .differing = bits & 1,
                                               .unnamed = bits >> 1 & 1,
                                               .not_fetched = bits >> 2 & 1,
                                               .too_many = bits >> 3 & 1,
                                               .incomplete = bits >> 4 & 1};
        const char *code = NULL;
        enum task_finding finding = question_decide(&counts, &code);
        assert_int_equal(finding == TASK_FOUND_NOBODY, bits == 0);
        assert_true(finding != TASK_FOUND_OURS ||
                    (counts.ours == 1 && !counts.differing && !counts.too_many));
        assert_int_equal(finding == TASK_FOUND_UNCLEAR, code[0] != '\0');
        assert_true(finding != TASK_FOUND_OTHER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_users_with_an_e_mail_show_which_is_ours),
        cmocka_unit_test(an_answer_that_cannot_be_read_is_asked_for_again),
        cmocka_unit_test(the_external_id_shows_which_user_is_ours),
        cmocka_unit_test(nobody_is_only_what_was_seen_whole_and_is_not_there),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("reconcile_look_up", tests, NULL, NULL);
}
