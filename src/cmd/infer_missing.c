#include "cmd/infer_missing.h"

#include <stdio.h>

#include "cmd/infer_words.h"

void infer_missing_write(struct infer_writer *writer, enum field_id field)
{
    char what[160];
    int len =
        snprintf(what, sizeof what, "%s needs it, and no column fits: `%s: COLUMN`%s",
                 field == FIELD_EXTERNAL_ID ? "every job" : writer->provider->name, field_name(field),
                 field == FIELD_EXTERNAL_ID ? "" : ", `{value: …}` for all, or a rule `required: false`");

    if (len > 0)
        infer_line_todo(writer, field, what);
}

/* The optional fields of the provider that no column matches. */
void infer_missing_optional(const struct infer_writer *writer)
{
    struct buffer *out = writer->out;
    const char *comma = "";
    size_t start = 0;

    for (size_t i = 0; i < FIELD_COUNT; i++) {
        enum field_id field = (enum field_id)i;
        if (!provider_fields_find(writer->provider->fields, field) ||
            writer->matches.of[field].column != SYNONYMS_NO_COLUMN || infer_line_is_required(writer, field))
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
