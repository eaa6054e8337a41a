#include "cmd/wrap.h"

#include <string.h>

enum { WIDTH = 100 };

void wrap_append(struct buffer *out, size_t indent, size_t width, const char *name, const char *text)
{
    size_t column = indent + strlen(name), margin = indent + width;
    buffer_printf(out, "%*s%s", (int)indent, "", name);
    for (bool is_first = true; *text; is_first = false) {
        size_t len = strcspn(text, " ");
        bool breaks = is_first ? column >= margin && width > 0 : column + 1 + len > WIDTH;
        if (breaks)
            buffer_append_char(out, '\n');
        size_t blanks = breaks ? margin : is_first ? margin - column : 1;
        buffer_printf(out, "%*s%.*s", (int)blanks, "", (int)len, text);
        column = (breaks ? 0 : column) + blanks + len;
        text += len + strspn(text + len, " ");
    }
    buffer_append_char(out, '\n');
}
