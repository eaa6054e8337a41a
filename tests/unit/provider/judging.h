/* judging: tables of {sentence, reply, want} for the outcome table of a provider; after cmocka.h. */
#ifndef TESTS_UNIT_PROVIDER_JUDGING_H
#define TESTS_UNIT_PROVIDER_JUDGING_H

#include <string.h>

#include "provider/outcome_table.h"
#include "provider/provider.h"
#include "unit/provider/members.h"
#include "unit/provider/records.h"

struct judged {
    const char *sentence;
    enum operation operation;
    int status; /* 0: sent, and no whole answer */
    const char *body;
    bool proven, in_doubt, login_broken;
    const char *error_type; /* of the gateway; NULL: none */
    enum outcome_kind kind;
    enum retry_cause cause;
    const char *user_id, *field; /* NULL: none */
    const char *link;            /* NULL: none */
    bool no_update;
    const char *updated; /* of an update: the id of the user whom it is for; NULL: not told */
    const char *sent;    /* of an update: its members; NULL: none */
};

static inline void check_judged(const struct provider *provider, const struct judged *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct judged *one = &examples[i];
        struct sample sample;
        struct outcome outcome;
        sample_fill(&sample);
        const struct provider_reply reply = {
            .operation = one->operation,
            .sent = true,
            .complete = one->status != 0,
            .cause = RETRY_TIMEOUT,
            .transport = "timeout: after 30 s",
            .http_status = one->status,
            .proven = one->proven,
            .in_doubt = one->in_doubt,
            .login_broken = one->login_broken,
            .error_type = slice_from(one->error_type),
            .user_id = one->updated,
            .members = members_of(provider->fields, one->sent),
            .body = slice_from(one->body),
        };
        memset(&outcome, 0xff, sizeof outcome);
        outcome_table_classify(provider, &reply, &sample.record, &outcome);
        if (outcome.kind != one->kind)
            fail_msg("%s: %s", one->sentence, outcome_word(outcome.kind));
        if (outcome.kind == OUTCOME_IN_DOUBT || outcome.kind == OUTCOME_NOT_SENT ||
            outcome.kind == OUTCOME_BAD_TOKEN || outcome.kind == OUTCOME_THROTTLED)
            if (outcome.cause != one->cause)
                fail_msg("%s: cause %s", one->sentence, retry_cause_word(outcome.cause));
        if (strcmp(outcome.user_id, one->user_id ? one->user_id : "") != 0)
            fail_msg("%s: user %s", one->sentence, outcome.user_id);
        if ((!outcome.field) != (!one->field) || (one->field && strcmp(outcome.field, one->field) != 0))
            fail_msg("%s: field %s", one->sentence, outcome.field ? outcome.field : "none");
        if (strcmp(outcome.link, one->link ? one->link : "") != 0)
            fail_msg("%s: link %s", one->sentence, outcome.link);
        if (outcome.no_update != one->no_update)
            fail_msg("%s: no_update", one->sentence);
    }
}

#endif
