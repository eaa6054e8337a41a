/* keep: which members of an answer are kept, and how many bytes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "provider/retained_fields.h"

static const char *const names[] = {"accounts", "limits", NULL};

static void members_are_found_at_the_top_and_as_the_providers_wrap(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *body, *want;
    } cases[] = {
        {"in data", "{\"data\":{\"id\":\"A\",\"accounts\":[{\"id\":\"B\",\"n\":1.50}]}}",
         "{\"accounts\":[{\"id\":\"B\",\"n\":1.50}]}"},
        {"in result", "{\"result\":{\"accounts\":[]}}", "{\"accounts\":[]}"},
        {"in user", "{\"user\":{\"limits\":null}}", "{\"limits\":null}"},
        {"at the top, before what is wrapped", "{\"accounts\":1,\"data\":{\"accounts\":2}}",
         "{\"accounts\":1}"},
        {"both, in the order of the job", "{\"limits\":\"high\",\"accounts\":true}",
         "{\"accounts\":true,\"limits\":\"high\"}"},
        {"blanks and escapes", "{ \"accounts\" : { \"a\\\"b\" : [ \"\\u00e9\\n\" , { } , -1e3 ] } }",
         "{\"accounts\":{\"a\\\"b\":[\"\xc3\xa9\\n\",{},-1e3]}}"},
        {"links within it are left out, at any depth",
         "{\"accounts\":[{\"url\":\"https://example.com/a\",\"id\":1,\"k\":{\"kyc_link\":\"x\",\"curl\":2}}]}",
         "{\"accounts\":[{\"id\":1,\"k\":{\"curl\":2}}]}"},
        {"deeper than that", "{\"data\":{\"x\":{\"accounts\":1}}}", ""},
        {"none", "{\"data\":\"success\"}", ""},
        {"a list", "[{\"accounts\":1}]", ""},
        {"no JSON", "accounts", ""},
        {"nothing", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[OUTCOME_KEPT_SIZE] = "as before";
        uint64_t not_kept = 7;
        retained_fields_copy(names, slice_from(cases[i].body), out, &not_kept);
        if (strcmp(out, cases[i].want) != 0 || not_kept != 0)
            fail_msg("%s: %s", cases[i].sentence, out);
    }
}

static void a_path_leads_into_members(void **state)
{
    (void)state;
    static const char *const paths[] = {"kyc.general.status", "data.accounts", "kyc.eur", NULL};
    static const struct {
        const char *sentence, *body, *want;
    } cases[] = {
        {"in what the provider wraps",
         "{\"user\":{\"id\":\"7\",\"kyc\":{\"general\":{\"status\":\"approved\"},\"eur\":{\"a\":[1]}}}}",
         "{\"kyc.general.status\":\"approved\",\"kyc.eur\":{\"a\":[1]}}"},
        {"from the top", "{\"data\":{\"accounts\":[1]},\"kyc\":{\"eur\":null}}",
         "{\"data.accounts\":[1],\"kyc.eur\":null}"},
        {"not into what is no object", "{\"kyc\":[{\"eur\":1}],\"user\":{\"kyc\":\"eur\"}}", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[OUTCOME_KEPT_SIZE];
        uint64_t not_kept;
        retained_fields_copy(paths, slice_from(cases[i].body), out, &not_kept);
        if (strcmp(out, cases[i].want) != 0 || not_kept != 0)
            fail_msg("%s: %s", cases[i].sentence, out);
    }
}

/* {"accounts":"…"} has 15 bytes beside the text. */
static void what_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        int len;
        const char *other, *want_end;
        uint64_t want_not_kept;
    } cases[] = {
        {"all of it", 1024 - 15, "", "x\"}", 0},
        {"one byte too long", 1024 - 14, "", "", 1},
        {"far too long", 5000, "", "", 1},
        {"the next one still fits", 5000, ",\"limits\":1", "{\"limits\":1}", 1},
        {"both, to the last byte", 1024 - 15 - 11, ",\"limits\":1", "x\",\"limits\":1}", 0},
        {"the next one does not", 1024 - 15 - 10, ",\"limits\":1", "x\"}", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[5001], body[6000], out[OUTCOME_KEPT_SIZE];
        uint64_t not_kept;
        memset(text, 'x', sizeof text);
        (void)snprintf(body, sizeof body, "{\"data\":{\"accounts\":\"%.*s\"%s}}", cases[i].len, text,
                       cases[i].other);
        retained_fields_copy(names, slice_from(body), out, &not_kept);
        size_t len = strlen(out), end = strlen(cases[i].want_end);
        if (len < end || strcmp(out + len - end, cases[i].want_end) != 0 || (end == 0) != (len == 0) ||
            not_kept != cases[i].want_not_kept)
            fail_msg("%s: %zu bytes, %s", cases[i].sentence, len, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_at_the_top_and_as_the_providers_wrap),
        cmocka_unit_test(a_path_leads_into_members),
        cmocka_unit_test(what_does_not_fit_is_left_out_whole),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("retained_fields", tests, NULL, NULL);
}
