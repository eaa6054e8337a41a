#include "cmd/yaml_scalar.h"

#include <string.h>
#include <strings.h>

#include "core/utf8.h"

static bool is_plain(struct slice text)
{
    static const char *const words[] = {"null", "true", "false", "yes",  "no", "on",
                                        "off",  "y",    "n",     "auto", NULL};

    for (size_t i = 0; words[i]; i++)
        if (strlen(words[i]) == text.len && strncasecmp(words[i], text.data, text.len) == 0)
            return false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
        bool inner = (byte >= '0' && byte <= '9') || memchr(" .-/", byte, 4);
        if (!letter && (!inner || i == 0))
            return false;
    }
    return text.len > 0 && text.data[text.len - 1] != ' ';
}

/* As in JSON, and every character that a reader would not see is spelt out. */
static void append_quoted(struct buffer *out, struct slice text)
{
    buffer_append_char(out, '"');
    while (text.len) {
        struct utf8_char letter = utf8_first(text);
        if (letter.code == '"' || letter.code == '\\')
            buffer_append_char(out, '\\');
        if (utf8_is_hidden(letter.code) && letter.code <= 0xffff)
            buffer_printf(out, "\\u%04X", letter.code);
        else
            buffer_append(out, slice_make(text.data, letter.len));
        text = slice_skip(text, letter.len);
    }
    buffer_append_char(out, '"');
}

void yaml_scalar_append(struct buffer *out, struct slice text)
{
    if (is_plain(text))
        buffer_append(out, text);
    else
        append_quoted(out, text);
}
