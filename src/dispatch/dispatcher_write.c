#include "dispatch/dispatcher_write.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/file.h"
#include "dispatch/dispatcher_state.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger_task.h"
#include "provider/success.h"

/* members: of the provider, by slot. */
static struct slice member_slice(const struct dispatcher *dispatcher, const uint8_t *members)
{
    return slice_make((const char *)members,
                      dispatcher->parts.provider->fields->slot_count * FINGERPRINT_MEMBER_LEN);
}

/* supersedes: as ledger_journal_superseded. */
static int journal(struct dispatcher *dispatcher, struct task *task, const uint8_t *digest,
                   const uint8_t *members, bool supersedes, struct error *error)
{
    const struct provider_call *call = &task->delivery.call;
    uint8_t email[FINGERPRINT_MEMBER_LEN], identity[FINGERPRINT_IDENTITY_LEN];
    bool has_identity = fingerprint_identity(dispatcher->parts.fingerprint, task->record, identity);
    fingerprint_email(dispatcher->parts.fingerprint, task->record, email);
    const struct ledger_intent intent = {
        .id = task->customer,
        .is_new = task->customer == 0, /* decide has looked it up among all keys */
        .external_id = task->record->values[FIELD_EXTERNAL_ID].text,
        .row = task->record->row,
        .operation = call->operation,
        .digest = digest,
        .member_digests = member_slice(dispatcher, members),
        .email_digest = slice_make((const char *)email, sizeof email),
        .idempotency_key = slice_from(call->idempotency_key ? call->idempotency_key : ""),
        .identity = slice_make((const char *)identity, has_identity ? sizeof identity : 0),
        .at_ns = clock_real_ns(),
    };

    session_note_journalled(dispatcher->session, intent.at_ns, clock_boot_ns());
    task->delivery.call.journalled_ns = intent.at_ns;
    if (!supersedes) { /* else the key keeps its age */
        task->journalled_ns = intent.at_ns;
        task->journalled_boot_ns = clock_boot_ns();
    }
    int failed = supersedes ? ledger_journal_superseded(dispatcher->parts.ledger, &intent, error)
                            : ledger_journal(dispatcher->parts.ledger, &intent, &task->customer, error);
    if (failed)
        dispatcher_fail(dispatcher);
    failpoint("journalled");
    return failed;
}

int dispatcher_write_create(struct dispatcher *dispatcher, struct task *task, struct error *error)
{
    fingerprint_members(dispatcher->parts.fingerprint, task->record, dispatcher->members);
    return journal(dispatcher, task, task->record->digest, dispatcher->members, false, error);
}

int dispatcher_write_update(struct dispatcher *dispatcher, struct task *task, const struct changes *changes,
                            struct error *error)
{
    return journal(dispatcher, task, changes->digest, changes->members, false, error);
}

int dispatcher_write_superseded(struct dispatcher *dispatcher, struct task *task,
                                const struct changes *changes, struct error *error)
{
    if (dispatcher->failed)
        return 0;
    if (changes)
        return journal(dispatcher, task, changes->digest, changes->members, true, error);
    fingerprint_members(dispatcher->parts.fingerprint, task->record, dispatcher->members);
    return journal(dispatcher, task, task->record->digest, dispatcher->members, true, error);
}

static void end_in_doubt(struct task_action *action)
{
    action->next = TASK_IN_DOUBT;
    action->step = TASK_STEP_END;
}

/* The link of an answer to a create, for the file that holds links; see dispatcher_commit. */
static void add_link(struct dispatcher *dispatcher, const struct task *task, uint64_t made_ns)
{
    const struct link_file_entry entry = {
        .external_id = task->record->values[FIELD_EXTERNAL_ID].text,
        .user_id = slice_from(task->recorded.user_id),
        .link = slice_from(task->recorded.link),
        .made_ns = made_ns,
    };

    if (entry.link.len == 0)
        return;
    if (!dispatcher->links) {
        char *path = file_join(dispatcher->parts.job->report_folder, LINK_FILE_NAME);
        dispatcher->links = link_file_new(path, LINK_FILE_CSV);
        free(path);
    }
    link_file_add(dispatcher->links, &entry);
    dispatcher->links_added++;
}

/* A task of the customer that is still to be sent, so that `links` makes the link, whatever becomes of the
 * customer's code. */
static int add_link_task(struct dispatcher *dispatcher, int64_t customer, uint64_t at_ns, struct error *error)
{
    const struct ledger_task_intent intent = {.customer = customer, .kind = LEDGER_TASK_LINK, .at_ns = at_ns};
    struct ledger_task_result result = {.conclusion = LEDGER_RESULT_ABANDONED, .at_ns = at_ns};

    return ledger_task_journal(dispatcher->parts.ledger, &intent, &result.id, error) == 0
               ? ledger_task_result(dispatcher->parts.ledger, &result, error)
               : -1;
}

/* After an acknowledgement was written: a link goes to its file. One that could not be made, or whose answer
 * was lost with the user found by a question, is still to be made. */
static int record_link(struct dispatcher *dispatcher, const struct task *task, uint64_t at_ns,
                       struct error *error)
{
    bool is_update = task->delivery.call.operation == OPERATION_UPDATE;
    bool is_wanted = task->recorded.warned & OUTCOME_WARNED_LINK ||
                     (!is_update && success_wants_link(dispatcher->parts.provider, task->record));

    if (!is_wanted || task->recorded.link[0]) {
        add_link(dispatcher, task, at_ns);
        return 0;
    }
    return add_link_task(dispatcher, task->customer, at_ns, error);
}

int dispatcher_write_action(struct dispatcher *dispatcher, struct task *task, bool has_outcome,
                            struct task_action *action, struct error *error)
{
    const struct delivery *delivery = &task->delivery;
    const struct ledger_result result = {
        .id = task->customer,
        .row = task->record->row,
        .operation = delivery->call.operation,
        .conclusion = action->ledger,
        .event = action->event,
        .outcome = has_outcome ? &task->recorded : NULL,
        .left_out = task->left_out,
        .attempt = task->attempts,
        .latency_ms = (uint32_t)(delivery->latency_ns / CLOCK_NS_PER_MS),
        .at_ns = clock_real_ns(),
    };
    bool taken = false;

    if (!action->write)
        return 0;
    if (dispatcher->failed) {
        if (action->ledger != LEDGER_RESULT_ABANDONED) /* journalled without an outcome */
            end_in_doubt(action);
        return 0;
    }
    if (ledger_result(dispatcher->parts.ledger, &result, &taken, error) != 0)
        return -1;
    failpoint("outcome written");
    if (taken)
        end_in_doubt(action);
    else if (has_outcome && action->ledger == LEDGER_RESULT_ACKNOWLEDGED)
        return record_link(dispatcher, task, result.at_ns, error);
    return 0;
}

int dispatcher_write_forgotten(struct dispatcher *dispatcher, const int64_t *customers, size_t count,
                               struct error *error)
{
    for (size_t i = 0; i < count && !dispatcher->failed; i++)
        if (ledger_forget_refusal(dispatcher->parts.ledger, customers[i], clock_real_ns(), error) != 0)
            return -1;
    return 0;
}

int dispatcher_write_canary(struct dispatcher *dispatcher, struct error *error)
{
    if (dispatcher->failed)
        return 0;
    return ledger_canary_set(dispatcher->parts.ledger, dispatcher->canary_of, dispatcher->stop_policy.canary,
                             error);
}

int dispatcher_record_twin(struct dispatcher *dispatcher, const struct record *record,
                           const struct decision *decision, struct error *error)
{
    const struct ledger_intent intent = {
        .id = decision->customer,
        .is_new = decision->customer == 0,
        .external_id = record->values[FIELD_EXTERNAL_ID].text,
        .row = record->row,
        .operation = OPERATION_CREATE,
        .digest = record->digest,
        .member_digests = member_slice(dispatcher, dispatcher->members),
        .at_ns = clock_real_ns(),
    };

    if (dispatcher->failed)
        return 0;
    fingerprint_members(dispatcher->parts.fingerprint, record, dispatcher->members);
    return ledger_note_twin(dispatcher->parts.ledger, &intent, decision->message, error);
}

int dispatcher_stop_twins(struct dispatcher *dispatcher, struct error *error)
{
    return dispatcher->failed ? 0 : ledger_stop_twins(dispatcher->parts.ledger, clock_real_ns(), error);
}

int dispatcher_record_identity(struct dispatcher *dispatcher, const struct record *record,
                               const struct decision *decision, struct error *error)
{
    uint8_t identity[FINGERPRINT_IDENTITY_LEN];
    bool has_identity =
        decision->lacks_identity && fingerprint_identity(dispatcher->parts.fingerprint, record, identity);
    const struct ledger_identification known = {
        .id = decision->customer,
        .external_id = record->values[FIELD_EXTERNAL_ID].text,
        .row = record->row,
        .identity = has_identity ? identity : NULL,
        .digest = decision->agrees ? record->digest : NULL,
        .at_ns = clock_real_ns(),
    };

    if (dispatcher->failed || (!has_identity && !decision->agrees))
        return 0;
    return ledger_identify(dispatcher->parts.ledger, &known, error);
}
