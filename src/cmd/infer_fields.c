#include "cmd/infer_fields.h"

#include "cmd/infer_array.h"
#include "cmd/infer_column.h"
#include "cmd/infer_damage.h"
#include "cmd/infer_dates_line.h"
#include "cmd/infer_line.h"
#include "cmd/infer_missing.h"
#include "cmd/infer_name.h"
#include "cmd/infer_parts.h"
#include "cmd/infer_postal.h"
#include "cmd/infer_words.h"
#include "cmd/yaml_scalar.h"

enum { COLUMNS_SHOWN = 100, LOOKS_LIKE_PERCENT = 80 /* of the values */ };

/* National numbers cannot be read without a country. */
static void write_phone_remark(const struct infer_writer *writer, size_t column)
{
    size_t national = 0;

    for (size_t row = 0; row < writer->sample->row_count; row++) {
        struct slice text = infer_sample_cell(writer->sample, row, column);
        national += text.len && text.data[0] != '+' && !infer_column_is_null(text);
    }
    if (national && writer->matches.of[FIELD_COUNTRY].column == SYNONYMS_NO_COLUMN)
        buffer_printf(
            writer->out,
            "  #   CHECK: %zu numbers have no +, and no country is mapped. Add `country: XX` for all of them;\n"
            "  #   or the + itself, if a calling code comes first: match: '[1-9]\\d+', replace: '+$0'\n",
            national);
}

static void write_column_line(struct infer_writer *writer, enum field_id field)
{
    const struct infer_match *match = &writer->matches.of[field];

    if (match->fit == SYNONYM_WEAK && !infer_line_is_required(writer, field)) {
        buffer_append_text(writer->out, "  # ");
        infer_line_mapping(writer, field, match->column);
        infer_line_confidence(writer, field);
    } else if (field_table[field].type == FIELD_TYPE_DATE) {
        infer_dates_line(writer, field);
    } else if (infer_array_write(writer, field)) {
        return;
    } else if (infer_words_apply(writer, field)) {
        infer_words_write(writer, field);
    } else {
        buffer_append_text(writer->out, "  ");
        infer_line_mapping(writer, field, match->column);
        infer_line_confidence(writer, field);
    }
}

static void write_field(struct infer_writer *writer, enum field_id field)
{
    const struct infer_match *match = &writer->matches.of[field];

    bool has_whole_names = writer->matches.full_name != SYNONYMS_NO_COLUMN;

    if ((has_whole_names && field == FIELD_LAST_NAME) || infer_parts_write(writer, field))
        return; /* the last name is written with the first */
    if (has_whole_names && field == FIELD_FIRST_NAME) {
        infer_name_write(writer);
        infer_damage_write(writer, FIELD_LAST_NAME, writer->matches.full_name);
    } else if (match->column != SYNONYMS_NO_COLUMN) {
        write_column_line(writer, field);
        if (field == FIELD_POSTAL_CODE)
            infer_postal_write(writer);
        if (field == FIELD_PHONE)
            write_phone_remark(writer, match->column);
        infer_damage_write(writer, field, match->column);
        infer_line_rivals(writer, field);
    } else if (infer_line_is_required(writer, field)) {
        infer_missing_write(writer, field);
    } else {
        infer_missing_need(writer, field);
    }
}

/* What the values of a column without a field look like, without showing them. */
static const char *describe_values(struct infer_sample *sample, size_t column, size_t filled)
{
    static const struct {
        enum field_type type;
        const char *words;
    } looks[] = {{FIELD_TYPE_EMAIL, "; they look like e-mail addresses"},
                 {FIELD_TYPE_COUNTRY, "; they look like countries"}};

    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (filled &&
            infer_column_plausible(sample, column, looks[i].type) * 100 >= filled * LOOKS_LIKE_PERCENT)
            return looks[i].words;
    return "";
}

static bool is_used(const struct infer_writer *writer, size_t column)
{
    if (writer->matches.is_part[column])
        return true;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        bool is_sent = i == FIELD_CUSTOMER_TYPE || i == FIELD_EXTERNAL_ID || i == FIELD_COUNTRY ||
                       provider_fields_find(writer->provider->fields, (enum field_id)i);
        const struct infer_match *match = &writer->matches.of[i];
        if (is_sent && match->column == column)
            return true;
        for (size_t j = 0; is_sent && j < match->rival_count; j++)
            if (match->rivals[j] == column)
                return true;
    }
    return false;
}

static void write_unused(struct infer_writer *writer)
{
    struct infer_sample *sample = writer->sample;
    size_t unused = 0;

    for (size_t column = 0; column < sample->column_count; column++) {
        if (is_used(writer, column))
            continue;
        if (unused++ == 0)
            buffer_append_text(writer->out, "\n  # Columns without a field:\n");
        if (unused > COLUMNS_SHOWN)
            continue;
        size_t filled = infer_column_filled(sample, column);
        buffer_append_text(writer->out, "  #   ");
        yaml_scalar_append(writer->out, sample->columns[column]);
        buffer_printf(writer->out, "    filled in %zu of %zu rows%s\n", filled, sample->row_count,
                      describe_values(sample, column, filled));
    }
    if (unused > COLUMNS_SHOWN)
        buffer_printf(writer->out, "  #   (and %zu more)\n", unused - COLUMNS_SHOWN);
}

size_t infer_fields_write(struct infer_sample *sample, const struct provider *provider, struct buffer *out)
{
    struct infer_writer writer = {.sample = sample, .provider = provider, .out = out};

    infer_match_columns(sample, &writer.matches);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        enum field_id field = (enum field_id)i;
        if (field == FIELD_EXTERNAL_ID || field == FIELD_CUSTOMER_TYPE || field == FIELD_COUNTRY ||
            provider_fields_find(provider->fields, field))
            write_field(&writer, field);
    }
    infer_missing_optional(&writer);
    write_unused(&writer);
    buffer_append_text(out, "\n# rules:    # besides the provider's own\n"
                            "#   - {rule: min_age, years: 18}\n"
                            "#   - {rule: unique, field: email, level: warn}\n");
    infer_missing_relax(&writer);
    return writer.todos;
}
