/* outcome_table: what is said of the credentials, at every provider and for every operation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/outcome.h"
#include "provider/outcome_table.h"
#include "provider/provider.h"
#include "provider/provider_table.h"
#include "unit/provider/records.h"

enum { OPERATIONS = OPERATION_COUNT };

struct refusal {
    const char *sentence;
    int status;
    const char *body, *error_type;
};

/* All the ways in which a provider or its gateway says that it does not know who asks. */
static const struct refusal refusals[] = {
    {"a bare 401", 401, "", ""},
    {"a 401 with a message", 401, "{\"message\":\"Unauthorized\"}", ""},
    {"a 401 with a code", 401, "{\"error\":{\"code\":\"token_expired\",\"message\":\"x\"}}", ""},
    {"a 401 that names a field", 401, "{\"code\":\"x\",\"details\":[{\"path\":\"email\"}]}", ""},
    {"a 401 with the code of a user that exists", 401, "{\"code\":\"resource_conflict\"}", ""},
    {"a 401 of the gateway", 401, "{\"message\":\"Unauthorized\"}", "UnauthorizedException"},
    {"a 401 that is a page", 401, "<html>no</html>", ""},
    {"a 401 with an id", 401, "{\"id\":\"u-1\",\"data\":{\"id\":\"u-1\"},\"user\":{\"id\":\"u-1\"}}", ""},
    {"a 403 of the gateway by its header", 403, "{\"code\":\"x\"}", "ForbiddenException"},
    {"a 403 of the gateway by its body", 403, "{\"message\":\"Forbidden\"}", ""},
    {"a 403 of the gateway by both", 403, "{\"message\":\"Forbidden\"}", "AccessDeniedException"},
    {"a 403 of the gateway without a body", 403, "", "AccessDeniedException"},
};

static enum outcome_kind judge(const struct provider *provider, const struct refusal *refusal,
                               enum operation operation, unsigned facts)
{
    struct sample sample;
    struct outcome outcome;
    sample_fill(&sample);
    const struct provider_reply reply = {
        .operation = operation,
        .sent = true,
        .complete = true,
        .http_status = refusal->status,
        .proven = facts & 1,
        .in_doubt = facts & 2 && operation == OPERATION_CREATE,
        .login_broken = facts & 4,
        .error_type = slice_from(refusal->error_type),
        .body = slice_from(refusal->body),
    };
    memset(&outcome, 0xff, sizeof outcome);
    outcome_table_classify(provider, &reply, &sample.record, &outcome);
    assert_int_equal(outcome.user_id[0], '\0');
    return outcome.kind;
}

/* The right value, stated without the table: a login's token may be over, and then a new one is asked for;
 * all else that is said of the credentials stops the run. */
static enum outcome_kind want(const struct provider *provider, const struct refusal *refusal,
                              enum operation operation, unsigned facts)
{
    bool renews = provider->has_login && refusal->status == 401 && operation != OPERATION_LOGIN;

    return renews && !(facts & 4) ? OUTCOME_BAD_TOKEN : OUTCOME_STOP;
}

static void what_is_said_of_the_credentials_is_never_blamed_on_a_record(void **state)
{
    (void)state;
    size_t count = 0;
    for (const char *const *name = provider_names(); *name; name++) {
        const struct provider *provider = provider_find(*name);
        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
            for (int operation = 0; operation < OPERATIONS; operation++)
                for (unsigned facts = 0; facts < 8; facts++, count++) {
                    enum outcome_kind kind = judge(provider, &refusals[i], (enum operation)operation, facts);
                    if (kind != want(provider, &refusals[i], (enum operation)operation, facts))
                        fail_msg("%s, %s, %s, facts %u: %s", *name, operation_word((enum operation)operation),
                                 refusals[i].sentence, facts, outcome_word(kind));
                }
    }
    assert_int_equal(count, 4 * (sizeof refusals / sizeof *refusals) * OPERATIONS * 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_of_the_credentials_is_never_blamed_on_a_record),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("outcome_credentials", tests, NULL, NULL);
}
