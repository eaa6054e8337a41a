#include "report/csv_cell.h"

#include <string.h>

#include "core/text.h"

/* before: "", or what goes before the text. */
static void write_cell(struct buffer *out, const char *before, struct slice text)
{
    bool is_quoted = false;
    for (size_t i = 0; i < text.len && !is_quoted; i++)
        is_quoted = strchr("\",\r\n", text.data[i]) != NULL;
    if (is_quoted)
        buffer_append_char(out, '"');
    buffer_append_text(out, before);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"')
            buffer_append_char(out, '"');
        buffer_append_char(out, text.data[i]);
    }
    if (is_quoted)
        buffer_append_char(out, '"');
}

void csv_cell_write(struct buffer *out, struct slice text)
{
    write_cell(out, "", text);
}

void csv_cell_write_guarded(struct buffer *out, struct slice text)
{
    write_cell(out, text_is_formula(text) ? "'" : "", text);
}
