#include "cmd/help_page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "cmd/wrap.h"

enum { TEXT_MAX = 4096 };

void help_page_text(struct help_page *page, const char *text)
{
    if (!page->has_rows)
        buffer_append_text(page->out, text);
}

void help_page_heading(struct help_page *page, const char *text)
{
    buffer_printf(page->out, page->has_rows ? "# %s\n" : "\n%s\n\n", text);
}

void help_page_row(struct help_page *page, size_t indent, size_t width, const char *name, const char *format,
                   ...)
{
    char text[TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (page->has_rows)
        buffer_printf(page->out, "%s\t%s\n", name, text);
    else
        wrap_append(page->out, indent, width, name, text);
}

void help_page_name(struct help_page *page, size_t indent, const char *name)
{
    if (page->has_rows)
        buffer_printf(page->out, "%s\t\n", name);
    else
        buffer_printf(page->out, "%*s%s\n", (int)indent, "", name);
}

void help_page_example(struct help_page *page, size_t indent, const char *text)
{
    if (page->has_rows)
        buffer_printf(page->out, "\t\t%s\n", text);
    else
        wrap_append(page->out, indent, 0, "", text);
}

/* In the largest unit in which it is whole: 3600000000000 ns as `1h`. */
static void add_amount(struct buffer *text, const struct quantity *quantity, uint64_t number)
{
    const struct quantity_unit *best = NULL;
    for (const struct quantity_unit *unit = quantity->units; unit->name; unit++)
        if (number > 0 && number % unit->factor == 0 && (!best || unit->factor > best->factor))
            best = unit;
    buffer_printf(text, "%" PRIu64 "%s", best ? number / best->factor : number, best ? best->name : "");
}

void help_page_bounds(struct buffer *text, uint64_t min, uint64_t max, const struct quantity *quantity)
{
    buffer_append_text(text, max >= INT64_MAX ? ", from " : ", ");
    add_amount(text, quantity, min);
    if (max < INT64_MAX) {
        buffer_append_text(text, " to ");
        add_amount(text, quantity, max);
    }
}
