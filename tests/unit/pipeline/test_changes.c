/* What an answer to an update left out: not taken, there already, or left out again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/changes.h"

enum { MEMBERS = 3, LEN = MEMBERS * FINGERPRINT_MEMBER_LEN };

static const char *const names[MEMBERS + 1] = {"phone", "city", "street", NULL};
static const struct provider_fields fields = {.members = names, .member_count = MEMBERS};

/* One letter a member, `?` LEDGER_MEMBER_UNKNOWN; NULL: nothing is stored. */
static struct slice digests(const char *letters, char bytes[LEN])
{
    for (size_t i = 0; letters && i < MEMBERS; i++)
        memset(bytes + i * FINGERPRINT_MEMBER_LEN, letters[i] == '?' ? LEDGER_MEMBER_UNKNOWN : letters[i],
               FINGERPRINT_MEMBER_LEN);
    return slice_make(bytes, letters ? LEN : 0);
}

static void members_are_sent_again_once(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *known, *pending, *before;
        uint64_t sent, left_out, again, warned;
    } examples[] = {
        {"nothing is left out", "abc", "xbc", NULL, 1, 0, 0, 0},
        {"a member for the first time", "abc", "xyc", NULL, 3, 1, 1, 1},
        {"all of them", "abc", "xyc", NULL, 3, 3, 3, 3},
        {"again, with the same value", "abc", "xbc", "x??", 1, 1, 0, 1},
        {"again, with another value", "abc", "zbc", "x??", 1, 1, 1, 1},
        {"one again, another for the first time", "abc", "xyc", "x??", 3, 3, 2, 3},
        {"the other one was left out before", "abc", "xyc", "?y?", 1, 1, 1, 1},
        {"an update in doubt: an empty list, so it had landed", "??c", "xyc", NULL, 3, 3, 0, 0},
        {"one of the members is named, so it had not: the other is not taken", "??c", "xyc", NULL, 3, 2, 2,
         2},
        {"it had landed, and what was new beside it is not taken", "a?c", "xyc", NULL, 3, 3, 1, 1},
        {"it had landed, and what was new beside it is", "a?c", "xyc", NULL, 3, 2, 0, 0},
        {"left out before, and in doubt since: it had landed", "?bc", "xbc", "x??", 1, 1, 0, 0},
        {"an adopted user: what it has is not known", NULL, "xyz", NULL, 7, 6, 0, 0},
        {"an adopted user, and an empty list", NULL, "xyz", NULL, 7, 7, 0, 0},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char known[LEN], pending[LEN], before[LEN];
        const struct ledger_customer customer = {
            .member_digests = digests(examples[i].known, known),
            .pending_member_digests = digests(examples[i].pending, pending),
            .left_out = digests(examples[i].before, before),
        };
        struct changes_left_out evaluated;
        changes_evaluate_left_out(&fields, &customer, examples[i].sent, examples[i].left_out, &evaluated);
        if (evaluated.again != examples[i].again || evaluated.warned != examples[i].warned)
            fail_msg("%s: again %d, warned %d", examples[i].sentence, (int)evaluated.again,
                     (int)evaluated.warned);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_sent_again_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
