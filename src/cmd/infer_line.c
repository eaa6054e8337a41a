#include "cmd/infer_line.h"

#include <string.h>

#include "cmd/infer_column.h"
#include "cmd/yaml_scalar.h"
#include "core/utf8.h"

enum { REMARK_COLUMN = 44 };

bool infer_line_is_required(const struct infer_writer *writer, enum field_id field)
{
    const struct provider_field *item = provider_fields_find(writer->provider->fields, field);

    bool is_common =
        item && (item->applies_to == PROVIDER_EVERYBODY || item->applies_to == PROVIDER_INDIVIDUALS);
    return field == FIELD_EXTERNAL_ID || (item && item->required && is_common);
}

static char separator_of(const struct infer_writer *writer, enum field_id field, size_t column)
{
    enum field_type type = field_table[field].type;

    if (type != FIELD_TYPE_COUNTRY_LIST && type != FIELD_TYPE_TEXT_LIST)
        return 0;
    return infer_column_split(writer->sample, column, type);
}

/* The column's name; for a field of one value, the first item of an array. */
void infer_line_column(const struct infer_writer *writer, enum field_id field, size_t column)
{
    enum field_type type = field_table[field].type;
    bool is_list = type == FIELD_TYPE_COUNTRY_LIST || type == FIELD_TYPE_TEXT_LIST;
    struct slice name = writer->sample->columns[column];

    const char *every = memmem(name.data, name.len, "[*]", 3);
    if (writer->sample->is_list[column] && !is_list && every)
        name =
            arena_printf(&writer->sample->arena, "%.*s[0]%s", (int)(every - name.data), name.data, every + 3);
    else if (writer->sample->is_list[column] && !is_list)
        name = arena_printf(&writer->sample->arena, "%.*s[0]", (int)name.len, name.data);
    yaml_scalar_append(writer->out, name);
}

/* `phone: mobile`, or `nationalities: {column: nats, split: "|"}`. */
void infer_line_mapping(const struct infer_writer *writer, enum field_id field, size_t column)
{
    struct buffer *out = writer->out;
    char split = separator_of(writer, field, column);

    buffer_printf(out, split ? "%s: {column: " : "%s: ", field_name(field));
    infer_line_column(writer, field, column);
    if (split)
        buffer_printf(out, ", split: \"%c\"}", split);
}

/* Remarks begin in one column where there is space. */
void infer_line_remark(struct buffer *out)
{
    const char *newline = out->len ? memrchr(out->data, '\n', out->len) : NULL;
    size_t start = newline ? (size_t)(newline - out->data) + 1 : 0;

    size_t width = utf8_count(slice_skip(buffer_slice(out), start));
    do
        buffer_append_char(out, ' ');
    while (++width < REMARK_COLUMN);
    buffer_append_text(out, "# ");
}

static const char *describe_fit(struct infer_writer *writer, const struct infer_match *match)
{
    static const char *const fits[] = {[SYNONYM_NONE] = "",
                                       [SYNONYM_WEAK] = "CHECK: its name is a weak hint",
                                       [SYNONYM_TOKENS] = "by the words of its name",
                                       [SYNONYM_PART] = "by the end of its name",
                                       [SYNONYM_USUAL] = "a usual name for it",
                                       [SYNONYM_NAME] = ""};

    if (!match->is_last_resort)
        return fits[match->fit];
    writer->todos++;
    return infer_column_is_distinct(writer->sample, match->column)
               ? "TODO external_id: no name of a column fits; its values are distinct"
               : "TODO external_id: no column fits";
}

/* Rows with several values for a field that takes one. */
static size_t count_several(const struct infer_sample *sample, enum field_id field, size_t column)
{
    enum field_type type = field_table[field].type;
    size_t count = 0;

    if (!sample->is_list[column] || type == FIELD_TYPE_COUNTRY_LIST || type == FIELD_TYPE_TEXT_LIST)
        return 0;
    for (size_t row = 0; row < sample->row_count; row++)
        count += infer_sample_cell(sample, row, column).len > infer_sample_first(sample, row, column).len;
    return count;
}

/* How many different values a key has. That those of a last resort are distinct is said with it. */
static void describe_key(const struct infer_writer *writer, const struct infer_match *match,
                         struct buffer *text)
{
    size_t distinct = infer_column_distinct(writer->sample, match->column);
    size_t filled = infer_column_filled(writer->sample, match->column);
    size_t rows = writer->sample->row_count;

    if (distinct < filled)
        buffer_printf(
            text,
            "CHECK: only %zu different values in %zu rows; the others are rejected (external_id/unique)",
            distinct, rows);
    else if (filled && !match->is_last_resort)
        buffer_printf(text, "%zu different values in %zu rows", distinct, rows);
}

/* Appends how certain a match is to its line. */
void infer_line_confidence(struct infer_writer *writer, enum field_id field)
{
    const struct infer_match *match = &writer->matches.of[field];
    struct infer_sample *sample = writer->sample;
    size_t filled = infer_column_filled(sample, match->column);
    size_t plausible = infer_column_plausible(sample, match->column, field_table[field].type);
    size_t empty = sample->row_count - filled;
    size_t several = count_several(sample, field, match->column);
    enum field_type type = field_table[field].type;
    bool is_own = type == FIELD_TYPE_EMAIL || type == FIELD_TYPE_PHONE;
    size_t shared = is_own ? infer_column_shared(sample, match->column) : 0;
    struct buffer text;

    buffer_init(&text, 256);
    if (sample->row_count && filled == 0)
        buffer_append_text(&text, "CHECK: it is empty in the whole sample");
    else if (plausible * 2 < filled)
        buffer_printf(&text, "CHECK: only %zu of its %zu values look like one", plausible, filled);
    else if (shared)
        buffer_printf(&text, "CHECK: %zu of its %zu values are the same", shared, filled);
    else if (several)
        buffer_printf(&text, "CHECK: the first of several in %zu of %zu rows", several, sample->row_count);
    else if (plausible < filled)
        buffer_printf(&text, "%zu of its %zu values do not look like one", filled - plausible, filled);
    else if (empty && infer_line_is_required(writer, field))
        buffer_printf(&text, "empty in %zu of %zu rows, and the provider needs it", empty, sample->row_count);
    else if (field == FIELD_EXTERNAL_ID)
        describe_key(writer, match, &text);
    const char *fit = describe_fit(writer, match);
    if (fit[0] || text.len) {
        infer_line_remark(writer->out);
        buffer_printf(writer->out, "%s%s%s", fit, fit[0] && text.len ? "; " : "", text.len ? text.data : "");
    }
    buffer_append_char(writer->out, '\n');
    buffer_clear(&text);
}

/* Rows whose value another column alone has. Only where a value is complete by itself: the parts of two
 * addresses must not be mixed. */
static void write_columns(const struct infer_writer *writer, enum field_id field)
{
    const struct infer_match *match = &writer->matches.of[field];
    struct infer_sample *sample = writer->sample;
    struct buffer *out = writer->out;
    size_t count = 0;

    if (field != FIELD_PHONE && field != FIELD_EMAIL)
        return;
    for (size_t row = 0; row < sample->row_count; row++) {
        bool has_other = false;
        for (size_t i = 0; i < match->rival_count; i++)
            has_other |= !infer_column_is_null(infer_sample_cell(sample, row, match->rivals[i]));
        count += has_other && infer_column_is_null(infer_sample_cell(sample, row, match->column));
    }
    if (count == 0)
        return;
    buffer_printf(out, "  #   for %zu row%s a value only there: {columns: [", count,
                  count == 1 ? " that has" : "s that have");
    infer_line_column(writer, field, match->column);
    for (size_t i = 0; i < match->rival_count; i++) {
        buffer_append_text(out, ", ");
        infer_line_column(writer, field, match->rivals[i]);
    }
    buffer_append_text(out, "]}, the first with a value\n");
}

/* The columns that fit too, in a line of their own. */
void infer_line_rivals(const struct infer_writer *writer, enum field_id field)
{
    const struct infer_match *match = &writer->matches.of[field];
    struct buffer *out = writer->out;
    const struct infer_sample *sample = writer->sample;

    if (match->is_other_address)
        buffer_append_text(out, "  #   CHECK: of another address than the lines above and below\n");
    if (match->rival_count == 0)
        return;
    buffer_append_text(out, field == FIELD_EXTERNAL_ID ? "  #   CHECK: the key must never change; fits too:"
                            : match->is_open           ? "  #   CHECK: fits equally well:"
                                                       : "  #   fits too:");
    for (size_t i = 0; i < match->rival_count; i++) {
        buffer_append_text(out, i ? ", " : " ");
        yaml_scalar_append(out, sample->columns[match->rivals[i]]);
        bool is_key = field == FIELD_EXTERNAL_ID;
        buffer_printf(out, is_key ? " (%zu different in %zu rows)" : " (filled in %zu of %zu rows)",
                      is_key ? infer_column_distinct(sample, match->rivals[i])
                             : infer_column_filled(sample, match->rivals[i]),
                      sample->row_count);
    }
    buffer_append_char(out, '\n');
    write_columns(writer, field);
}

void infer_line_todo(struct infer_writer *writer, enum field_id field, const char *what)
{
    writer->todos++;
    buffer_printf(writer->out, "  # TODO %s: %s\n", field_name(field), what);
}
