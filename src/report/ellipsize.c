#include "report/ellipsize.h"

#include "core/text.h"
#include "core/utf8.h"

static struct utf8_char ellipsize_character(struct slice text, size_t i)
{
    return utf8_first(slice_skip(text, i));
}

/* The bytes of columns - 1 characters: the last column is the ellipsis's. */
static size_t ellipsize_bytes(struct slice text, unsigned columns)
{
    size_t len = 0;
    for (unsigned i = 1; i < columns && len < text.len; i++)
        len += ellipsize_character(text, len).len;
    return len;
}

unsigned ellipsize_append(struct buffer *out, struct slice text, unsigned columns)
{
    size_t chars = 0;
    for (size_t i = 0; i < text.len; chars++)
        i += ellipsize_character(text, i).len;
    bool cut = chars > columns;
    unsigned used = 0;
    size_t end = text.len;
    if (cut)
        end = text_shorten_words(text, ellipsize_bytes(text, columns)).len;
    for (size_t i = 0; i < end && used + cut < columns; used++) {
        struct utf8_char character = ellipsize_character(text, i);
        if (character.broken || utf8_is_hidden(character.code))
            buffer_append_char(out, '?');
        else
            buffer_append(out, slice_make(text.data + i, character.len));
        i += character.len;
    }
    if (cut && columns) {
        buffer_append_text(out, "…");
        used++;
    }
    return used;
}
