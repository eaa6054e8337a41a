#include "core/error.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A cut text ends between two characters, so that it stays UTF-8. */
static void error_trim(char *text)
{
    size_t len = strlen(text);
    if (len < ERROR_TEXT_MAX - 1) {
        while (len && text[len - 1] == '\n')
            text[--len] = '\0';
        return;
    }
    size_t start = len;
    while (start && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    unsigned char lead = start ? (unsigned char)text[start - 1] : 0;
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (lead >= 0xC0 && len - (start - 1) < want)
        text[start - 1] = '\0';
}

int error_set_va(struct error *error, enum error_scope scope, const char *format, va_list arguments)
{
    error->scope = scope;
    /* The arguments may come from the very text that is replaced (an error that is told again with more). */
    char text[ERROR_TEXT_MAX];
    int len = vsnprintf(text, sizeof text, format, arguments);
    assert(len >= 0);
    if (len < 0)
        text[0] = '\0';
    error_trim(text);
    memcpy(error->text, text, strlen(text) + 1);
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
    assert(false && "an exit status that 1-product.md does not know");
    return a;
}
