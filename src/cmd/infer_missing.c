#include "cmd/infer_missing.h"

#include "cmd/infer_words.h"

static bool is_found(const struct infer_writer *writer, enum field_id field)
{
    return writer->matches.of[field].column != SYNONYMS_NO_COLUMN;
}

/* A job without the field would not be loaded. A pattern that no value matches leaves every record without
 * one, so that `check` rejects them all until the line is replaced, and nothing is sent. */
void infer_missing_write(struct infer_writer *writer, enum field_id field)
{
    struct buffer *out = writer->out;
    const char *name = field_name(field);
    const char *const *choices = infer_words_of(writer, field);

    writer->todos++;
    buffer_printf(out,
                  "  # TODO %s: %s needs it, and no column fits: `%s: COLUMN`, or `%s: {value: …}` for all\n",
                  name, field == FIELD_EXTERNAL_ID ? "every job" : writer->provider->name, name, name);
    if (choices)
        infer_words_list(writer, choices);
    if (!is_found(writer, FIELD_EXTERNAL_ID))
        return;
    buffer_printf(out, "  %s: {column: ", name);
    infer_line_column(writer, FIELD_EXTERNAL_ID, writer->matches.of[FIELD_EXTERNAL_ID].column);
    buffer_append_text(out, ", match: 'TODO', unmatched: empty}");
    infer_line_remark(out);
    buffer_printf(out, "no value: every record is rejected (%s/required)\n", name);
}

/* Why a field that is not required of everybody is missed; NULL: it is optional. */
static const char *describe_need(const struct infer_writer *writer, enum field_id field)
{
    const struct provider_field *item = provider_fields_find(writer->provider->fields, field);

    if (!item)
        return NULL;
    if (item->required && item->applies_to == PROVIDER_NOT_FOREIGN)
        return "needs it of businesses and of individuals in the US";
    if (item->recommended)
        return "tends to refuse customers without it";
    if (item->required && item->applies_to == PROVIDER_BUSINESSES && is_found(writer, FIELD_CUSTOMER_TYPE))
        return "needs it of businesses";
    return NULL;
}

void infer_missing_need(const struct infer_writer *writer, enum field_id field)
{
    const char *need = describe_need(writer, field);
    const char *const *choices = infer_words_of(writer, field);

    if (!need)
        return;
    buffer_printf(writer->out, "  # CHECK %s: %s %s, and no column fits:\n", field_name(field),
                  writer->provider->name, need);
    if (choices)
        infer_words_list(writer, choices);
    buffer_printf(writer->out, "  # %s: COLUMN, or {value: …} for all\n", field_name(field));
}

/* The optional fields of the provider that no column matches. */
void infer_missing_optional(const struct infer_writer *writer)
{
    struct buffer *out = writer->out;
    const char *comma = "";
    size_t start = 0;

    for (size_t i = 0; i < FIELD_COUNT; i++) {
        enum field_id field = (enum field_id)i;
        if (!provider_fields_find(writer->provider->fields, field) || is_found(writer, field) ||
            infer_line_is_required(writer, field) || describe_need(writer, field))
            continue;
        if (start == 0) {
            buffer_printf(out, "\n  # %s also accepts:", writer->provider->name);
            start = out->len - 33;
            comma = "";
        } else if (out->len - start > INFER_LINE_WIDTH - 10) {
            buffer_append_text(out, ",\n  #  ");
            start = out->len - 5;
            comma = "";
        }
        buffer_printf(out, "%s %s", comma, field_name(field));
        comma = ",";
    }
    if (start)
        buffer_append_char(out, '\n');
}

void infer_missing_relax(const struct infer_writer *writer)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct provider_field *item = provider_fields_find(writer->provider->fields, (enum field_id)i);
        if (!item || !item->required || !item->is_uncertain || is_found(writer, item->field))
            continue;
        buffer_printf(writer->out, "#   - {field: %s, required: false}", field_name(item->field));
        infer_line_remark(writer->out);
        buffer_printf(writer->out, "%s's page leaves open whether it is required\n", writer->provider->name);
    }
}
