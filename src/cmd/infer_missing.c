#include "cmd/infer_missing.h"

#include <string.h>

#include "cmd/infer_words.h"
#include "rules/verifiable.h"

static bool is_found(const struct infer_writer *writer, enum field_id field)
{
    return writer->matches.of[field].column != SYNONYMS_NO_COLUMN;
}

/* Whether one value for all customers can be right: not of what each has alone. */
static bool may_be_constant(enum field_id field)
{
    enum field_type type = field_table[field].type;

    return type == FIELD_TYPE_ENUM || type == FIELD_TYPE_BOOL || type == FIELD_TYPE_INTEGER ||
           type == FIELD_TYPE_COUNTRY || type == FIELD_TYPE_COUNTRY_LIST || type == FIELD_TYPE_URI ||
           (type == FIELD_TYPE_TEXT && field_table[field].parts == FIELD_PARTS_NONE && field != FIELD_CITY &&
            field != FIELD_BIRTH_CITY);
}

/* Whether infer_missing_relax writes a rule for a field that no column fits. */
static bool has_relaxation(const struct infer_writer *writer, enum field_id field)
{
    const struct provider_field *item = provider_fields_find(writer->provider->fields, field);

    return item && item->required && item->is_uncertain;
}

/* What a person can do about a field that no column fits. quote: around what is to be written. */
static void write_remedies(const struct infer_writer *writer, enum field_id field, const char *quote)
{
    const char *name = field_name(field);
    bool is_quoted = quote[0] != '\0';

    buffer_printf(writer->out, "%s%s: COLUMN%s", quote, name, quote);
    if (may_be_constant(field))
        buffer_printf(writer->out, is_quoted ? ", or `%s: {value: …}` for all" : ", or {value: …} for all",
                      name);
    if (has_relaxation(writer, field))
        buffer_printf(writer->out, "; or the rule `{field: %s, required: false}` at the end", name);
    buffer_append_char(writer->out, '\n');
}

/* A job without the field would not be loaded. A pattern that no value matches leaves every record without
 * one, so that `check` rejects them all until the line is replaced, and nothing is sent. */
void infer_missing_write(struct infer_writer *writer, enum field_id field)
{
    struct buffer *out = writer->out;
    const char *name = field_name(field);
    const char *const *choices = infer_words_of(writer, field);

    writer->todos++;
    buffer_printf(out, "  # TODO %s: %s needs it, and no column fits: ", name,
                  field == FIELD_EXTERNAL_ID ? "every job" : writer->provider->name);
    write_remedies(writer, field, "`");
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

/* Why a field that is not required of every customer is missed; NULL: it is optional. */
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

/* Whether customers can be asked, at a link, for what their records lack. */
static bool has_link_mode(const struct infer_writer *writer, enum field_id field)
{
    const struct provider_field *item = provider_fields_find(writer->provider->fields, field);

    for (size_t i = 0; field == FIELD_VERIFICATION_MODE && item && item->values && item->values[i]; i++)
        if (strcmp(item->values[i], VERIFIABLE_LINK_MODE) == 0)
            return true;
    return false;
}

static void write_link_mode(const struct infer_writer *writer)
{
    buffer_printf(writer->out, "  # %s: {value: %s}", field_name(FIELD_VERIFICATION_MODE),
                  VERIFIABLE_LINK_MODE);
    infer_line_remark(writer->out);
    buffer_printf(writer->out, "%s asks each customer for what is missing, at a link\n",
                  writer->provider->name);
}

void infer_missing_need(const struct infer_writer *writer, enum field_id field)
{
    const char *need = describe_need(writer, field);
    const char *const *choices = infer_words_of(writer, field);

    if (has_link_mode(writer, field))
        write_link_mode(writer);
    if (!need)
        return;
    buffer_printf(writer->out, "  # CHECK %s: %s %s, and no column fits:\n", field_name(field),
                  writer->provider->name, need);
    if (choices)
        infer_words_list(writer, choices);
    buffer_append_text(writer->out, "  # ");
    write_remedies(writer, field, "");
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
            infer_line_is_required(writer, field) || describe_need(writer, field) ||
            has_link_mode(writer, field))
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
        if (!has_relaxation(writer, (enum field_id)i) || is_found(writer, (enum field_id)i))
            continue;
        buffer_printf(writer->out, "#   - {field: %s, required: false}", field_name((enum field_id)i));
        infer_line_remark(writer->out);
        buffer_printf(writer->out, "%s's page leaves open whether it is required\n", writer->provider->name);
    }
}
