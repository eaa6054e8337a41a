#include "rules/verifiable.h"

#include <assert.h>
#include <string.h>

#include "model/document_entry.h"

enum { MESSAGE_MAX = 2048 }; /* the names of all fields of the table fit */

void verifiable_prepare(struct rule_set *set)
{
    const struct provider_fields *fields = set->fields;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    set->verifying = arena_alloc(&set->arena, fields->field_count * sizeof *set->verifying);
    for (size_t i = 0; i < fields->field_count; i++)
        if (fields->fields[i].verifies != VERIFIES_NOBODY)
            set->verifying[set->verifying_count++] = &fields->fields[i];
}

static bool is_absent(const struct record_context *context, enum field_id field)
{
    return context->values[field].state == VALUE_ABSENT && !record_context_is_relaxed(context, field);
}

/* The message while it is made: once for nearly every record of some exports, so without printf. */
struct message {
    size_t len, items;
    char text[MESSAGE_MAX];
};

static void append(struct message *message, const char *text)
{
    size_t len = strlen(text);
    assert(len <= MESSAGE_MAX - message->len);
    memcpy(message->text + message->len, text, len);
    message->len += len;
}

static void add(struct message *message, const char *name)
{
    append(message,
           message->items++ ? ", " : "the provider cannot verify this customer automatically without ");
    append(message, name);
}

static void add_documents(const struct record_context *context, bool is_abroad, struct message *message)
{
    const struct record *record = context->record;
    enum field_id number = is_abroad ? FIELD_TAX_ID : FIELD_NATIONAL_ID;
    const char *type = is_abroad ? DOCUMENT_TYPE_TAX_ID : DOCUMENT_TYPE_SSN;
    if (!document_entry_is_implied(record, number) && !document_entry_has_type(record, type) &&
        !record_context_is_relaxed(context, number))
        add(message, is_abroad ? "a document tax_id" : "a document ssn");
    if (record_context_is_relaxed(context, FIELD_DOCUMENT_FRONT))
        return;
    if (!document_entry_has_file(record, "front"))
        add(message, "the front of an identity document");
    if (!document_entry_has_file(record, "file_proof_of_address"))
        add(message, "the file_proof_of_address of a document");
}

void verifiable_check(struct record_context *context)
{
    const struct rule_set *set = context->set;
    const struct value *mode = &context->values[FIELD_VERIFICATION_MODE];
    const struct value *country = &context->values[FIELD_COUNTRY];
    struct message message;
    if (mode->state == VALUE_FAILED ||
        (mode->state == VALUE_PRESENT && slice_is(mode->text, VERIFIABLE_LINK_MODE)))
        return;
    message.len = message.items = 0;
    bool is_abroad = country->state == VALUE_PRESENT && !slice_is(country->text, "US");
    bool is_american = country->state == VALUE_PRESENT && !is_abroad;
    for (size_t i = 0; i < set->verifying_count; i++) {
        const struct provider_field *row = set->verifying[i];
        bool counts = row->verifies == VERIFIES_EVERYBODY || is_abroad;
        if (counts && row->field != FIELD_NONE && is_absent(context, row->field))
            add(&message, field_name(row->field));
        if (row->group == FIELD_GROUP_DOCUMENTS && (is_abroad || is_american))
            add_documents(context, is_abroad, &message);
    }
    if (message.items == 0)
        return;
    const struct verdict verdict = {FIELD_NONE, VERDICT_WARN, RULE_UNVERIFIABLE,
                                    arena_copy(context->arena, slice_make(message.text, message.len))};
    record_add_verdict(context->record, context->arena, verdict);
}
