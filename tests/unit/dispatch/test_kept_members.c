#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dispatch/kept_members.h"

static const char *const names[] = {"accounts", "limits", "kyc.general.status", NULL};
enum { ACCOUNTS = 1, LIMITS = 2, STATUS = 4 };

static void what_an_answer_has_is_merged_into_what_is_stored(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *stored, *answer, *want;
        uint64_t seen;
    } cases[] = {
        {"of a create", "", "{\"accounts\":[{\"id\":\"A\"}]}", "{\"accounts\":[{\"id\":\"A\"}]}", ACCOUNTS},
        {"a member that the answer lacks stays", "{\"accounts\":[1]}", "{\"limits\":{\"day\":5}}",
         "{\"accounts\":[1],\"limits\":{\"day\":5}}", LIMITS},
        {"a value is replaced", "{\"accounts\":[1,2],\"limits\":3}", "{\"accounts\":[4]}",
         "{\"accounts\":[4],\"limits\":3}", ACCOUNTS},
        {"an object is merged", "{\"limits\":{\"day\":5,\"year\":7}}",
         "{\"limits\":{\"day\":6,\"year\":null,\"week\":1}}", "{\"limits\":{\"day\":6,\"week\":1}}", LIMITS},
        {"null removes a member", "{\"accounts\":[1],\"limits\":3}", "{\"accounts\":null}", "{\"limits\":3}",
         ACCOUNTS},
        {"the last one too", "{\"accounts\":[1]}", "{\"accounts\":null}", "{}", ACCOUNTS},
        {"nothing is stored of a null", "", "{\"accounts\":null}", "{}", ACCOUNTS},
        {"a path is a name", "{\"accounts\":1}", "{\"kyc.general.status\":\"approved\"}",
         "{\"accounts\":1,\"kyc.general.status\":\"approved\"}", STATUS},
        {"what `keep` named once stays", "{\"former\":{\"a\":null},\"accounts\":1}", "{\"accounts\":2}",
         "{\"former\":{\"a\":null},\"accounts\":2}", ACCOUNTS},
        {"a stored text that is not an object is replaced", "[1]", "{\"accounts\":2}", "{\"accounts\":2}",
         ACCOUNTS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kept_members kept = {.seen = 0};
        struct outcome outcome = {.kind = OUTCOME_DONE};
        snprintf(outcome.kept, sizeof outcome.kept, "%s", cases[i].answer);
        kept_members_add(&kept, names, slice_from(cases[i].stored), &outcome);
        if (strcmp(outcome.kept, cases[i].want) != 0 || kept.seen != cases[i].seen || outcome.not_kept != 0)
            fail_msg("%s: %s", cases[i].sentence, outcome.kept);
    }
}

/* {"accounts":"…","limits":"…"} has 27 bytes beside the texts. */
static void a_member_that_does_not_fit_is_left_out_and_counted(void **state)
{
    (void)state;
    static const struct {
        int stored, answer;
        bool is_kept;
    } cases[] = {{500, 1024 - 27 - 500, true}, {500, 1024 - 26 - 500, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kept_members kept = {.seen = 0};
        struct outcome outcome = {.kind = OUTCOME_DONE};
        char stored[OUTCOME_KEPT_SIZE], text[OUTCOME_KEPT_SIZE];
        memset(text, 'x', sizeof text);
        snprintf(stored, sizeof stored, "{\"accounts\":\"%.*s\"}", cases[i].stored, text);
        snprintf(outcome.kept, sizeof outcome.kept, "{\"limits\":\"%.*s\"}", cases[i].answer, text);
        kept_members_add(&kept, names, slice_from(stored), &outcome);
        assert_int_equal(strlen(outcome.kept), cases[i].is_kept ? 1024 : strlen(stored));
        assert_int_equal(outcome.not_kept, cases[i].is_kept ? 0 : LIMITS);
        assert_int_equal(kept.not_kept[1], cases[i].is_kept ? 0 : 1);
        assert_int_equal(kept.seen, LIMITS);
        assert_int_equal(outcome.kept[strlen(outcome.kept) - 1], '}');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_answer_has_is_merged_into_what_is_stored),
        cmocka_unit_test(a_member_that_does_not_fit_is_left_out_and_counted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("kept_members", tests, NULL, NULL);
}
