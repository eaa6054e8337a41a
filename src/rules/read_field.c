#include "rules/read_field.h"

#include "core/ascii.h"
#include "rules/clean.h"
#include "rules/guards.h"
#include "rules/normalize.h"

/* These take a cleaned text; the types without one here clean their source themselves. */
static normalize_function *const functions[] = {
    [FIELD_TYPE_TEXT] = normalize_text,         [FIELD_TYPE_NAME] = normalize_text,
    [FIELD_TYPE_STATE] = normalize_state,       [FIELD_TYPE_POSTAL] = normalize_postal,
    [FIELD_TYPE_EMAIL] = normalize_email,       [FIELD_TYPE_PHONE] = normalize_phone,
    [FIELD_TYPE_DATE] = normalize_date,         [FIELD_TYPE_COUNTRY] = normalize_country,
    [FIELD_TYPE_ENUM] = normalize_enum,         [FIELD_TYPE_BOOL] = normalize_bool,
    [FIELD_TYPE_INTEGER] = normalize_integer,   [FIELD_TYPE_NATIONAL_ID] = normalize_national_id,
    [FIELD_TYPE_DOCUMENT] = normalize_document, [FIELD_TYPE_CLIENT_ID] = normalize_client_id,
    [FIELD_TYPE_URI] = normalize_uri,           [FIELD_TYPE_TIME] = normalize_time,
    [FIELD_TYPE_YES_NO] = normalize_yes_no,
};

void read_field_text(struct record_context *context, const struct field_plan *plan, struct slice source)
{
    struct slice text;
    switch (plan->type) {
    case FIELD_TYPE_KEY:
        normalize_key(context, plan, source);
        break;
    case FIELD_TYPE_COUNTRY_LIST:
        normalize_country_list(context, plan, source);
        break;
    case FIELD_TYPE_TEXT_LIST:
        normalize_text_list(context, plan, source);
        break;
    default:
        if (clean_text(context, plan, source, &text))
            functions[plan->type](context, plan, text);
    }
}

bool read_field_decode(struct record_context *context, const struct field_plan *plan, struct slice cell,
                       struct slice *text)
{
    *text = cell;
    if (context->set->is_decoded && !ascii_only(cell) &&
        !encoding_decode(context->set->encoding, cell, context->arena, text)) {
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_ENCODING,
                                    "contains bytes that %s does not define; is input.encoding right?",
                                    encoding_name(context->set->encoding));
        return false;
    }
    if (guards_may_begin(*text))
        *text = guards_read(context, plan->field, *text);
    return true;
}

/* Most cells are UTF-8 without a guard: these are not decoded, only tested for it. */
void read_field_cell(struct record_context *context, const struct field_plan *plan, struct slice cell)
{
    bool is_plain = !context->set->is_decoded && !guards_may_begin(cell);
    struct slice text;
    if (cell.len == 0)
        return;
    if (is_plain)
        read_field_text(context, plan, cell);
    else if (read_field_decode(context, plan, cell, &text))
        read_field_text(context, plan, text);
}
