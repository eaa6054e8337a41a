#include "report/prometheus.h"

void prometheus_write_family(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_printf(out, "# HELP " PROMETHEUS_PREFIX "%s %s\n# TYPE " PROMETHEUS_PREFIX "%s %s\n", name, help,
                  name, type);
}

void prometheus_write_label(struct buffer *out, const char *text)
{
    for (const char *cursor = text; *cursor; cursor++) {
        if (*cursor == '\\' || *cursor == '"')
            buffer_append_char(out, '\\');
        if (*cursor == '\n')
            buffer_append_text(out, "\\n");
        else
            buffer_append_char(out, *cursor);
    }
}
