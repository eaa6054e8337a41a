#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/json.h"
#include "provider/provider.h"
#include "provider/provider_table.h"
#include "provider/remote_user.h"

static const struct provider *check(const char *name, const char *base_url, const char *ca_file,
                                    struct error *error)
{
    static struct job job;
    job = (struct job){
        .path = "job.yaml",
        .text = SLICE_LITERAL("base_url: https://me:opensesame@h\n"),
        .provider = {.name = name, .base_url = base_url, .base_url_place = {1, 1}, .ca_file = ca_file},
    };
    *error = (struct error){.scope = ERROR_NONE};
    const struct provider *provider = provider_of_job(&job, false, error);
    arena_clear(&job.arena);
    return provider;
}

static void a_provider_is_found_by_its_name(void **state)
{
    (void)state;
    const char *const *names = provider_names();
    size_t count = 0;
    for (; names[count]; count++)
        assert_string_equal(provider_find(names[count])->name, names[count]);
    assert_true(count >= 1);
    assert_null(provider_find("Payward"));
    assert_null(provider_find(""));
}

static void an_unknown_name_is_an_error_that_names_the_nearest(void **state)
{
    (void)state;
    struct error error;
    assert_null(check("paywrad", NULL, NULL, &error));
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, "did you mean `payward`?"));
    assert_null(check("something-else", NULL, NULL, &error));
    assert_non_null(strstr(error.text, "hint: one of payward"));
    assert_non_null(check("payward", NULL, NULL, &error));
}

static void a_base_url_has_no_trailing_slash(void **state)
{
    (void)state;
    static const struct {
        const char *url, *base;
    } examples[] = {
        {NULL, "https://api.services.payward.com"},
        {"https://h/", "https://h"},
        {"https://h/sandbox//", "https://h/sandbox"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct job job = {.provider = {.base_url = examples[i].url}};
        assert_true(slice_is(provider_base_url(provider_find("payward"), &job), examples[i].base));
    }
}

static void a_ca_file_must_be_a_readable_file(void **state)
{
    (void)state;
    struct error error;
    assert_null(check("payward", NULL, "/nonexistent/ca.pem", &error));
    assert_non_null(strstr(error.text, "/nonexistent/ca.pem"));
    assert_null(check("payward", NULL, "/", &error));

    char path[] = "/tmp/test-provider-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_null(check("payward", NULL, path, &error));
    assert_int_equal(write(fd, "x", 1), 1);
    assert_non_null(check("payward", NULL, path, &error));
    close(fd);
    unlink(path);
}

static void a_word_of_the_provider_is_one_of_five_states(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *word, *want;
    } rows[] = {
        {"kira", "unverified", "pending"},
        {"kira", "started", "pending"},
        {"kira", "in_review", "pending"},
        {"kira", "needs_action", "action_needed"},
        {"kira", "verified", "verified"},
        {"kira", "rejected", "rejected"},
        {"kira", "REJECTED", "rejected"},
        {"kraken-embed", "ok", "verified"},
        {"kraken-embed", "verification", "action_needed"},
        {"kraken-embed", "closed", "rejected"},
        {"payward", "disabled", "action_needed"},
        {"payso", "not_started", "pending"},
        {"payso", "awaiting_manual_review", "pending"},
        {"payso", "retry_required", "action_needed"},
        {"payso", "failed", "rejected"},
        {"payso", "approved", "verified"},
        {"payso", "verified", "pending"}, /* a word of another provider */
        {"kira", "Verified", "pending"},
        {"kira", "", "unknown"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum verification got =
            provider_verification(provider_find(rows[i].provider), slice_from(rows[i].word));
        if (strcmp(verification_word(got), rows[i].want) != 0)
            fail_msg("%s: `%s` is %s, not %s", rows[i].provider, rows[i].word, verification_word(got),
                     rows[i].want);
    }
}

/* One look-up finds a word without its member. */
static void no_provider_has_a_word_twice(void **state)
{
    (void)state;
    for (const char *const *name = provider_names(); *name; name++) {
        const struct provider *provider = provider_find(*name);
        for (const struct provider_word *row = provider->verification_words; row->member; row++)
            if (provider_verification(provider, slice_from(row->word)) != row->verification)
                fail_msg("%s: `%s` has two rows", *name, row->word);
    }
}

static void a_user_states_how_far_its_verification_has_come(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *user, *state, *word, *reason;
        bool is_unknown;
    } rows[] = {
        /* payward and kraken-embed: a required action outweighs the state. */
        {"kraken-embed",
         "{\"result\":{\"user\":\"u1\",\"status\":{\"state\":\"ok\",\"required_actions\":[]}}}", "verified",
         "ok", "", false},
        {"kraken-embed",
         "{\"status\":{\"state\":\"ok\",\"required_actions\":[{\"action_type\":\"verification\","
         "\"verification_type\":\"identity\",\"reasons\":[\"document_expired\",\"blurry\"],"
         "\"deadline\":\"2026-12-01\"}]}}",
         "action_needed", "verification", "identity; document_expired; blurry", false},
        {"payward", "{\"data\":{\"status\":{\"state\":\"disabled\"}}}", "action_needed", "disabled", "",
         false},
        {"payward", "{\"status\":{\"state\":\"disabled\",\"required_actions\":[{\"action_type\":\"wait\"}]}}",
         "pending", "wait", "", false},
        {"payward",
         "{\"status\":{\"state\":\"ok\",\"required_actions\":[{\"action_type\":\"wait\"},"
         "{\"action_type\":\"verification\"},{\"action_type\":\"dance\"}]}}",
         "action_needed", "verification", "", false},
        {"payward", "{\"status\":{\"state\":\"ok\",\"required_actions\":[{\"action_type\":\"dance\"}]}}",
         "pending", "dance", "", true},
        {"payward", "{\"status\":{\"state\":\"closed\",\"required_actions\":null}}", "rejected", "closed", "",
         false},
        {"payward", "{\"id\":\"u1\",\"status\":\"ok\"}", NULL, "", "", false},
        {"payward", "{\"status\":{\"state\":null}}", NULL, "", "", false},
        /* kira: `status` counts for the one word that the table has. */
        {"kira", "{\"status\":\"ACTIVE\",\"verification_status\":\"in_review\"}", "pending", "in_review", "",
         false},
        {"kira",
         "{\"status\":\"created\",\"verification_status\":\"needs_action\",\"missing_fields\":[\"phone\","
         "\"birth_date\"]}",
         "action_needed", "needs_action", "phone; birth_date", false},
        {"kira", "{\"status\":\"REJECTED\",\"verification_status\":\"unverified\"}", "rejected", "REJECTED",
         "", false},
        {"kira", "{\"status\":\"REJECTED\",\"data\":{\"verification_status\":\"verified\"}}", "verified",
         "verified", "", false},
        {"kira", "{\"verification_status\":\"paused\"}", "pending", "paused", "", true},
        {"kira", "{\"status\":\"ACTIVE\"}", NULL, "", "", false},
        /* payso: `general` alone. */
        {"payso",
         "{\"user\":{\"kyc\":{\"general\":{\"status\":\"approved\",\"moderation_comment\":null},"
         "\"eur\":{\"status\":\"not_started\"}}}}",
         "verified", "approved", "", false},
        {"payso",
         "{\"kyc\":{\"general\":{\"status\":\"declined\",\"moderation_comment\":\"The document is blurry\"}}}",
         "pending", "declined", "The document is blurry", true},
        {"payso", "{\"kyc\":{\"usd\":{\"status\":\"approved\"}}}", NULL, "", "", false},
    };
    struct json_reader *reader = json_reader_new();
    struct arena arena;

    arena_init(&arena, 1024);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provider_verification got;
        struct json_fault fault;
        size_t count;
        const struct json_node *nodes = json_reader_parse(reader, slice_from(rows[i].user), &count, &fault);
        assert_non_null(nodes);
        bool found = provider_read_verification(provider_find(rows[i].provider), nodes, 0, &arena, &got);
        if (found != (rows[i].state != NULL) ||
            (found && (strcmp(verification_word(got.state), rows[i].state) != 0 ||
                       got.is_unknown_word != rows[i].is_unknown)) ||
            !slice_is(got.word, rows[i].word) || !slice_is(got.reason, rows[i].reason))
            fail_msg("%s: %s: %s, `%.*s`, `%.*s`", rows[i].provider, rows[i].user,
                     found ? verification_word(got.state) : "nothing", (int)got.word.len,
                     got.word.len ? got.word.data : "", (int)got.reason.len,
                     got.reason.len ? got.reason.data : "");
    }
    arena_clear(&arena);
    json_reader_free(reader);
}

static void what_is_stored_of_it_has_no_personal_data(void **state)
{
    (void)state;
    static const char user[] =
        "{\"user\":{\"id\":\"u1\",\"first_name\":\"Marco\",\"last_name\":\"Example\",\"email\":"
        "\"marco@example.com\",\"date_of_birth\":\"12/12/1985\",\"address_line1\":\"2 Bellevue Road\","
        "\"phone\":\"+14155550123\",\"kyc\":{\"general\":{\"status\":\"Marco\",\"moderation_comment\":"
        "\"Marco of Bellevue Road, born 12 December 1985, must call\"}}}}";
    struct value values[FIELD_COUNT] = {{.state = VALUE_ABSENT}};
    char word[OUTCOME_WORD_SIZE], reason[OUTCOME_QUOTE_SIZE];
    const struct provider *provider = provider_find("payso");
    struct json_reader *reader = json_reader_new();
    struct provider_verification got;
    struct provider_user identity;
    struct json_fault fault;
    struct arena arena;
    struct job job = {.path = "job.yaml"};
    size_t count;

    arena_init(&arena, 1024);
    const struct json_node *nodes = json_reader_parse(reader, slice_from(user), &count, &fault);
    assert_true(provider_read_verification(provider, nodes, 0, &arena, &got));
    assert_true(provider->read_user(nodes, 0, &job, &arena, &identity));
    memcpy(values, identity.values, sizeof values);
    remote_user_read_texts(provider->fields, nodes, 0, &arena, values);
    provider_mask_verification(&got, &(struct record){.values = values}, NULL, word, reason);
    assert_string_equal(word, "‹first_name›");
    for (size_t i = 0; i < 3; i++)
        assert_null(strstr(reason, ((const char *[]){"Marco", "Bellevue", "1985"})[i]));
    assert_non_null(strstr(reason, "must call"));
    got.word = slice_from("approved");
    got.is_unknown_word = false;
    provider_mask_verification(&got, NULL, NULL, word, reason);
    assert_string_equal(word, "approved");
    assert_string_equal(reason, "‹text›");
    /* Without a name of the person, none can be found in a phrase. */
    got.word = slice_from("held for Marco");
    got.is_unknown_word = true;
    got.reason = slice_from("identity; document_expired; Marco must call; blurry");
    provider_mask_verification(&got, NULL, NULL, word, reason);
    assert_string_equal(word, "‹text›");
    assert_string_equal(reason, "identity; document_expired; ‹text›; blurry");
    memset(values, 0, sizeof values);
    provider_mask_verification(&got, &(struct record){.values = values}, NULL, word, reason);
    assert_string_equal(reason, "identity; document_expired; ‹text›; blurry");
    arena_clear(&arena);
    json_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_states_how_far_its_verification_has_come),
        cmocka_unit_test(what_is_stored_of_it_has_no_personal_data),
        cmocka_unit_test(a_provider_is_found_by_its_name),
        cmocka_unit_test(an_unknown_name_is_an_error_that_names_the_nearest),
        cmocka_unit_test(a_base_url_has_no_trailing_slash),
        cmocka_unit_test(a_ca_file_must_be_a_readable_file),
        cmocka_unit_test(a_word_of_the_provider_is_one_of_five_states),
        cmocka_unit_test(no_provider_has_a_word_twice),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
