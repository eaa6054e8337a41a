#include "dispatch/provider_warning.h"

#include <stdio.h>

#include "core/log.h"
#include "core/text.h"
#include "dispatch/changes.h"
#include "dispatch/dispatcher_state.h"
#include "model/verdict.h"

enum {
    NAMES_SIZE = OUTCOME_MESSAGE_SIZE - OUTCOME_QUOTE_SIZE,
    TEXT_MIN = 4, /* that text_format can write into */
};

/* Appends the names of members, which are the provider's and not a customer's data; len: of text so far. */
static size_t add_members(const struct provider_fields *fields, uint64_t members, const char *before,
                          char text[NAMES_SIZE], size_t len)
{
    for (size_t i = 0; i < fields->slot_count; i++) {
        if (!(members >> i & 1) || len + TEXT_MIN > NAMES_SIZE)
            continue;
        len += text_format(text + len, NAMES_SIZE - len, "%s%s", before,
                           provider_fields_member(fields, i)->member);
        before = ", ";
    }
    return len;
}

/* Sets code and message of an update that left members out; the warning's own text follows. */
static void set_left_out(const struct provider_fields *fields, const struct changes_left_out *evaluated,
                         struct outcome *outcome)
{
    char names[NAMES_SIZE], said[OUTCOME_MESSAGE_SIZE];
    uint64_t taken = evaluated->warned & ~evaluated->again;
    size_t len = add_members(fields, evaluated->again, "not applied, sent once more: ", names, 0);

    add_members(fields, taken,
                len ? "; again not applied, not sent any more: " : "again not applied, not sent any more: ",
                names, len);
    snprintf(said, sizeof said, "%s", outcome->message);
    text_format(outcome->message, sizeof outcome->message, "%s%s%s", names, said[0] ? ": " : "", said);
    snprintf(outcome->code, sizeof outcome->code, "%s", evaluated->again ? LEDGER_LEFT_OUT : OUTCOME_WARNING);
}

/* Once a run. */
static void report_unknown_word(struct dispatcher *dispatcher, const struct outcome *outcome)
{
    if (!outcome->is_unknown_word || dispatcher->word_reported)
        return;
    dispatcher->word_reported = true;
    log_warning(
        "unknown word of the provider for a verification: `%s`; these users count as pending\nhint: kyc-import help %s lists the known words; check whether the provider has changed them",
        outcome->verification_word, dispatcher->parts.provider->name);
}

int provider_warning_evaluate(struct dispatcher *dispatcher, struct task *task,
                              const struct task_action *action, struct error *error)
{
    struct outcome *recorded = &task->recorded;
    struct changes_left_out evaluated = {.again = 0};
    struct ledger_customer customer;

    task->left_out = 0;
    if (action->ledger != LEDGER_RESULT_ACKNOWLEDGED || !action->write || dispatcher->failed)
        return 0;
    report_unknown_word(dispatcher, recorded);
    if (recorded->left_out) {
        if (ledger_find_known(dispatcher->parts.ledger, task->customer, &task->arena, &customer, error) != 0)
            return -1;
        changes_evaluate_left_out(dispatcher->parts.provider->fields, &customer, task->delivery.call.members,
                                  recorded->left_out, &evaluated);
    }
    if (evaluated.warned)
        set_left_out(dispatcher->parts.provider->fields, &evaluated, recorded);
    task->left_out = evaluated.again;
    if (recorded->warned | evaluated.warned)
        task->warning = arena_copy(&task->arena, slice_from(recorded->message)).data;
    task->warned |= recorded->warned | evaluated.warned;
    return 0;
}

void provider_warning_count(struct dispatcher *dispatcher, const struct task *task)
{
    static const struct {
        uint64_t bit;
        const char *rule;
    } of_record[] = {
        {OUTCOME_WARNED_REJECTED, RULE_VERIFICATION_REJECTED},
        {OUTCOME_WARNED_NOT_TRIGGERED, RULE_VERIFICATION_NOT_TRIGGERED},
        {OUTCOME_WARNED_LINK, RULE_LINK_ERROR},
        {OUTCOME_WARNED_RECORD, RULE_WARNING},
    };
    enum { OF_RECORD = sizeof of_record / sizeof *of_record };
    const struct provider_fields *fields = dispatcher->parts.provider->fields;
    struct run_stats_warning warnings[PROVIDER_MEMBERS_MAX + OF_RECORD];
    size_t count = 0;

    for (size_t i = 0; i < fields->slot_count; i++)
        if (task->warned >> i & 1)
            warnings[count++] = (struct run_stats_warning){changes_field_of(fields, i), RULE_WARNING};
    for (size_t i = 0; i < OF_RECORD; i++)
        if (task->warned & of_record[i].bit)
            warnings[count++] = (struct run_stats_warning){FIELD_NONE, of_record[i].rule};
    if (count > 0)
        run_stats_add_provider_warnings(dispatcher->parts.stats, task->record, warnings, count,
                                        task->warning);
}
