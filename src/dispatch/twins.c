#include "dispatch/twins.h"

#include "core/clock.h"
#include "dispatch/dispatcher_state.h"

int twins_add_refusal(struct dispatcher *dispatcher, const struct record *record,
                      const struct decision *decision, struct error *error)
{
    const size_t member_count = dispatcher->parts.provider->fields->slot_count;
    const struct ledger_intent intent = {
        .id = decision->customer,
        .external_id = record->values[FIELD_EXTERNAL_ID].text,
        .row = record->row,
        .operation = OPERATION_CREATE,
        .digest = record->digest,
        .member_digests =
            slice_make((const char *)dispatcher->members, member_count * FINGERPRINT_MEMBER_LEN),
        .at_ns = clock_real_ns(),
    };

    if (dispatcher->failed)
        return 0;
    fingerprint_members(dispatcher->parts.fingerprint, record, dispatcher->members);
    return ledger_note_twin(dispatcher->parts.ledger, &intent, decision->message, error);
}

int twins_mark_stopped(struct dispatcher *dispatcher, struct error *error)
{
    return dispatcher->failed ? 0 : ledger_stop_twins(dispatcher->parts.ledger, clock_real_ns(), error);
}

int twins_add_identity(struct dispatcher *dispatcher, const struct record *record,
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
