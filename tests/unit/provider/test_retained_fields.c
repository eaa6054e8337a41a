/* keep: which members of an answer are kept, and how many bytes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "provider/retained_fields.h"

static const char *const names[] = {"accounts", "verification_link", NULL};

static void members_are_found_at_the_top_and_as_the_providers_wrap(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *body, *want;
    } cases[] = {
        {"in data", "{\"data\":{\"id\":\"A\",\"accounts\":[{\"id\":\"B\",\"n\":1.50}]}}",
         "{\"accounts\":[{\"id\":\"B\",\"n\":1.50}]}"},
        {"in result", "{\"result\":{\"accounts\":[]}}", "{\"accounts\":[]}"},
        {"in user", "{\"user\":{\"verification_link\":null}}", "{\"verification_link\":null}"},
        {"at the top, before what is wrapped", "{\"accounts\":1,\"data\":{\"accounts\":2}}",
         "{\"accounts\":1}"},
        {"both, in the order of the job",
         "{\"verification_link\":\"https://example.com/v\",\"accounts\":true}",
         "{\"accounts\":true,\"verification_link\":\"https://example.com/v\"}"},
        {"blanks and escapes", "{ \"accounts\" : { \"a\\\"b\" : [ \"\\u00e9\\n\" , { } , -1e3 ] } }",
         "{\"accounts\":{\"a\\\"b\":[\"\xc3\xa9\\n\",{},-1e3]}}"},
        {"deeper than that", "{\"data\":{\"x\":{\"accounts\":1}}}", ""},
        {"none", "{\"data\":\"success\"}", ""},
        {"a list", "[{\"accounts\":1}]", ""},
        {"no JSON", "accounts", ""},
        {"nothing", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[OUTCOME_KEPT_SIZE] = "as before";
        retained_fields_copy(names, slice_from(cases[i].body), out);
        if (strcmp(out, cases[i].want) != 0)
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
        const char *link, *want_end;
    } cases[] = {
        {"all of it", 1024 - 15, "", "x\"}"},
        {"one byte too long", 1024 - 14, "", ""},
        {"far too long", 5000, "", ""},
        {"the next one still fits", 5000, ",\"verification_link\":1", "{\"verification_link\":1}"},
        {"both, to the last byte", 1024 - 15 - 22, ",\"verification_link\":1",
         "x\",\"verification_link\":1}"},
        {"the next one does not", 1024 - 15 - 21, ",\"verification_link\":1", "x\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[5001], body[6000], out[OUTCOME_KEPT_SIZE];
        memset(text, 'x', sizeof text);
        (void)snprintf(body, sizeof body, "{\"data\":{\"accounts\":\"%.*s\"%s}}", cases[i].len, text,
                       cases[i].link);
        retained_fields_copy(names, slice_from(body), out);
        size_t len = strlen(out), end = strlen(cases[i].want_end);
        if (len < end || strcmp(out + len - end, cases[i].want_end) != 0 || (end == 0) != (len == 0))
            fail_msg("%s: %zu bytes, %s", cases[i].sentence, len, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_at_the_top_and_as_the_providers_wrap),
        cmocka_unit_test(what_does_not_fit_is_left_out_whole),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("retained_fields", tests, NULL, NULL);
}
