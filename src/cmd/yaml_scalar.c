#include "cmd/yaml_scalar.h"

#include <string.h>
#include <strings.h>

#include "core/json.h"

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

void yaml_scalar_append(struct buffer *out, struct slice text)
{
    struct json_writer writer;

    if (is_plain(text)) {
        buffer_append(out, text);
        return;
    }
    json_write_begin(&writer, out);
    json_write_string(&writer, text);
}
