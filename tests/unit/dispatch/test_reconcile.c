/* reconcile: for how long a key is known, and which replies answer a question. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "dispatch/reconcile.h"

/* A second request for the same create is only safe under a key that the provider still remembers. */
static void a_key_is_known_until_an_hour_before_the_provider_forgets_it(void **state)
{
    (void)state;
    enum { WINDOW_H = 24, EARLIER = 1 << 0, PROVEN = 1 << 1, UNDATED = 1 << 2, SUPERSEDED = 1 << 3 };
    static const struct {
        const char *sentence;
        unsigned facts;
        uint64_t age_min; /* minutes since it was sent first */
        bool finds;
    } cases[] = {
        {"of this run, an hour before the key is forgotten", 0, 22 * 60 + 59, false},
        {"and later", 0, 23 * 60 + 1, true},
        {"of an earlier run, by the provider's clock", EARLIER | PROVEN, 22 * 60, false},
        {"and later", EARLIER | PROVEN, 23 * 60 + 1, true},
        {"of an earlier run, by our clock alone", EARLIER, 1, true},
        {"of an earlier run whose clock was never compared", EARLIER | PROVEN | UNDATED, 1, true},
        {"one key belongs to one body", SUPERSEDED, 0, true},
    };
    const struct job job = {.provider = {.idempotency_window_ns = WINDOW_H * 3600 * CLOCK_NS_PER_S}};
    const struct provider provider = {.recovery = PROVIDER_RECOVERY_LOOK_UP};
    struct reconcile *reconcile =
        reconcile_new(&(struct reconcile_parts){.job = &job, .provider = &provider});

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned facts = cases[i].facts;
        const struct clocks clocks = {.has_provider = facts & PROVEN,
                                      .provider_offset_ns = (int64_t)(clock_real_ns() - clock_boot_ns())};
        const struct task task = {.journalled_ns = clock_real_ns() - cases[i].age_min * 60 * CLOCK_NS_PER_S,
                                  .journalled_boot_ns = facts & EARLIER ? 0 : clock_boot_ns(),
                                  .is_undated = facts & UNDATED};
        const struct task_policy policy = {.recovery = recovery_of(&provider),
                                           .key_known = reconcile_key_is_known(reconcile, &task, &clocks)};
        if (task_must_find(facts & SUPERSEDED, &policy) != cases[i].finds)
            fail_msg("%s", cases[i].sentence);
    }
    reconcile_free(reconcile);
}

static void a_question_is_answered_by_a_success_or_by_a_user_that_is_missing(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        enum operation operation;
        enum outcome_kind kind;
        int status;
        bool has_answer;
    } cases[] = {
        {"a page of users", OPERATION_LOOK_UP, OUTCOME_DONE, 200, true},
        {"a user", OPERATION_FETCH, OUTCOME_DONE, 200, true},
        {"a user that the provider does not return", OPERATION_FETCH, OUTCOME_REFUSED, 404, true},
        {"a look-up that it does not have", OPERATION_LOOK_UP, OUTCOME_REFUSED, 404, false},
        {"a user that it refuses", OPERATION_FETCH, OUTCOME_REFUSED, 403, false},
        {"later", OPERATION_FETCH, OUTCOME_THROTTLED, 429, false},
        {"no answer", OPERATION_LOOK_UP, OUTCOME_NOT_SENT, 0, false},
        {"of a create", OPERATION_CREATE, OUTCOME_DONE, 201, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct task task = {
            .delivery = {.call = {.operation = cases[i].operation},
                         .outcome = {.kind = cases[i].kind, .http_status = cases[i].status}}};
        if (reconcile_has_answer(&task) != cases[i].has_answer)
            fail_msg("%s", cases[i].sentence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_known_until_an_hour_before_the_provider_forgets_it),
        cmocka_unit_test(a_question_is_answered_by_a_success_or_by_a_user_that_is_missing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
