#include <inttypes.h>
#include <string.h>

#include "cmd/explain_write.h"
#include "core/text.h"
#include "core/utf8.h"
#include "report/mask.h"

enum { VALUE_MAX = 4096 }; /* bytes shown of one value */

static bool is_key(const struct found_record *found, struct slice value)
{
    const struct value *values = found->record->values;

    return values && values[FIELD_EXTERNAL_ID].state == VALUE_PRESENT &&
           slice_equal(values[FIELD_EXTERNAL_ID].text, value);
}

void explain_write_value(const struct explain_settings *settings, const struct found_record *found,
                         struct slice value, const struct encoding *encoding)
{
    struct slice text = value;

    if (!settings->unmask && !is_key(found, value)) {
        mask_append(settings->out, value, encoding);
        return;
    }
    if (!encoding_is_utf8(encoding))
        encoding_decode(encoding, value, found->arena, &text);
    utf8_append_escaped(settings->out, utf8_shorten(text, VALUE_MAX));
    if (text.len > VALUE_MAX)
        buffer_append_text(settings->out, "…");
}

static bool holds(struct slice text, struct slice part)
{
    return part.len > 0 && text.len >= part.len && memmem(text.data, text.len, part.data, part.len);
}

/* True if a quoted text is from the record, and not from the job or the provider's tables. */
static bool is_of_record(const struct explain_settings *settings, const struct found_record *found,
                         struct slice quoted)
{
    const struct record *record = found->record;
    static const struct slice more = SLICE_LITERAL("…");

    if (quoted.len > more.len && memcmp(quoted.data + quoted.len - more.len, more.data, more.len) == 0)
        quoted.len -= more.len;
    for (size_t i = 0; record->values && i < field_count(); i++)
        if (record->values[i].state != VALUE_ABSENT && holds(record->values[i].text, quoted))
            return true;
    for (size_t i = 0; settings->traces && i < field_count(); i++)
        if (holds(settings->traces[i].columns, quoted) || holds(settings->traces[i].matched, quoted))
            return true;
    for (size_t i = 0; record->cells && i < record->cell_count; i++) {
        struct slice text, normal;
        if (!encoding_decode(&settings->job->input.encoding, record->cells[i], found->arena, &text))
            text = record->cells[i];
        text_normalize(text, found->arena, &normal);
        if (holds(text, quoted) || holds(normal, quoted))
            return true;
    }
    return holds(record->raw, quoted);
}

/* True for a quotation of what a value was before it was damaged: no part of the record as it is. */
static bool is_repaired(struct slice before)
{
    static const struct slice words = SLICE_LITERAL("probably ");

    return before.len >= words.len &&
           memcmp(before.data + before.len - words.len, words.data, words.len) == 0;
}

/* A quote ends a quotation if no letter follows: a value may contain quotes. */
static const char *closing_quote(const char *cursor, const char *end)
{
    for (; cursor < end; cursor++)
        if (*cursor == '"' && (cursor + 1 == end || memchr(" ,;.:)", cursor[1], 6)))
            return cursor;
    return NULL;
}

void explain_write_message(const struct explain_settings *settings, const struct found_record *found,
                           struct slice message)
{
    const char *cursor = message.data, *end = message.data + message.len;

    while (cursor < end) {
        const char *open = memchr(cursor, '"', (size_t)(end - cursor));
        const char *close = open ? closing_quote(open + 1, end) : NULL;
        struct slice before = slice_make(cursor, (size_t)((close ? open : end) - cursor));
        utf8_append_escaped(settings->out, before);
        if (!close)
            return;
        struct slice quoted = slice_make(open + 1, (size_t)(close - open - 1));
        buffer_append_char(settings->out, '"');
        if (is_repaired(before) || is_of_record(settings, found, quoted))
            explain_write_value(settings, found, quoted, &encoding_utf8);
        else
            utf8_append_escaped(settings->out, quoted);
        buffer_append_char(settings->out, '"');
        cursor = close + 1;
    }
}
