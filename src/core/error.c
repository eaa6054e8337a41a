#include "core/error.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/text.h"

int error_set_va(struct error *error, enum error_scope scope, const char *format, va_list arguments)
{
    error->scope = scope;
    error->quotes_input = false;
    /* The arguments may come from the very text that is replaced (an error that is reported again with more).
     */
    char text[ERROR_TEXT_MAX];
    size_t len = text_format_va(text, sizeof text, format, arguments);
    while (len > 0 && text[len - 1] == '\n')
        len--;
    text[len] = '\0';
    memcpy(error->text, text, len + 1);
    return -1;
}

int error_set(struct error *error, enum error_scope scope, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_set_va(error, scope, format, arguments);
    va_end(arguments);
    return -1;
}

int error_worse_status(int a, int b)
{
    static const int order[] = {2, 5, 7, 4, 3, 6, 1, 0};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (order[i] == a || order[i] == b)
            return order[i];
    assert(false && "a known exit status");
    return a;
}
