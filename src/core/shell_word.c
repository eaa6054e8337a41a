#include "core/shell_word.h"

#include <stdbool.h>
#include <string.h>

#include "core/utf8.h"

static bool is_plain(struct slice word)
{
    for (size_t i = 0; i < word.len; i++) {
        char byte = word.data[i], lower = (char)(byte | 0x20);
        bool is_name = (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9');
        if (byte == '\0' || (!is_name && !strchr("_./:@%+,-=", byte)))
            return false;
    }
    return word.len > 0;
}

void shell_word_append(struct buffer *out, struct slice word)
{
    if (is_plain(word)) {
        buffer_append(out, word);
        return;
    }
    buffer_append_char(out, '\'');
    while (word.len > 0) {
        const char *quote = memchr(word.data, '\'', word.len);
        size_t len = quote ? (size_t)(quote - word.data) : word.len;
        utf8_append_escaped(out, slice_make(word.data, len));
        word = slice_skip(word, len);
        if (quote) {
            buffer_append_text(out, "'\\''");
            word = slice_skip(word, 1);
        }
    }
    buffer_append_char(out, '\'');
}
