#include "cmd/infer_array.h"

#include <string.h>

#include "cmd/infer_column.h"

/* How arrays are written; pattern also matches the empty one. */
static const struct form {
    const char *open, *close, *empty, *split, *pattern, *name;
} forms[] = {{"[\"", "\"]", "[]", "\",\"", "\\[(?:\"(.*)\")?\\]", "of JSON"},
             {"[\"", "\"]", "[]", "\", \"", "\\[(?:\"(.*)\")?\\]", "of JSON"},
             {"{", "}", "{}", ",", "\\{(.*)\\}", "of PostgreSQL"}};

static bool fits(struct slice text, const struct form *form)
{
    size_t open = strlen(form->open), close = strlen(form->close);

    if (slice_is(text, form->empty))
        return true;
    if (text.len <= open + close || !slice_begins_with(text, form->open) ||
        memcmp(text.data + text.len - close, form->close, close) != 0)
        return false;
    /* Within it, quotes are those between two items alone, so that no item holds one. */
    struct slice rest = slice_make(text.data + open, text.len - open - close), item;
    while (slice_next_item(&rest, slice_from(form->split), &item))
        if (memchr(item.data, '"', item.len) || memchr(item.data, '{', item.len))
            return false;
    return true;
}

static const struct form *find_form(const struct infer_sample *sample, size_t column, size_t *count)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        bool is_fit = true;
        *count = 0;
        for (size_t row = 0; row < sample->row_count && is_fit; row++) {
            struct slice text = infer_sample_cell(sample, row, column);
            if (infer_column_is_null(text))
                continue;
            is_fit = fits(text, &forms[i]);
            ++*count;
        }
        if (is_fit && *count)
            return &forms[i];
    }
    return NULL;
}

bool infer_array_write(struct infer_writer *writer, enum field_id field)
{
    enum field_type type = field_table[field].type;
    size_t column = writer->matches.of[field].column, count;

    if ((type != FIELD_TYPE_COUNTRY_LIST && type != FIELD_TYPE_TEXT_LIST) || writer->sample->is_list[column])
        return false;
    const struct form *form = find_form(writer->sample, column, &count);
    if (!form)
        return false;
    buffer_printf(writer->out, "  %s: {column: ", field_name(field));
    infer_line_column(writer, field, column);
    buffer_printf(writer->out, ", match: '%s', replace: '$1', split: '%s'}", form->pattern, form->split);
    infer_line_remark(writer->out);
    buffer_printf(writer->out, "%zu of %zu values are arrays %s\n", count, count, form->name);
    return true;
}
