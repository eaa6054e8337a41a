#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/column_names.h"

enum { NAMES_MAX = 20 };

/* Splits at the bar. */
static size_t split(const char *text, struct slice names[NAMES_MAX])
{
    struct slice rest = slice_from(text);
    size_t count = 0;
    while (count < NAMES_MAX && slice_next_item(&rest, SLICE_LITERAL("|"), &names[count]))
        count++;
    return count;
}

static void values_are_told_from_names(void **state)
{
    (void)state;
    static const struct {
        const char *names;
        bool are_values;
    } headers[] = {
        {"id|email|phone|date_of_birth", false},
        {"Customer ID|First Name|Default Address Address1|E-Mail", false},
        {"Street|City|Zip|Country|Street|City|Zip|Country", false},
        {"id|name|2023 revenue|Address 2|Q1", false},
        {"Kundennummer|Straße|PLZ|Geburtsdatum", false},
        {"1st name|last name", false},
        {"id", false},
        {"", false},
        {"c-1|Ann|Lee|ann@example.com|US", true},
        {"c-1|Ann|Lee|+14155550110|1980-02-03|US", true},
        {"7000000000001|Ann|Lee|US", true},
        {"c-1|Ann|Lee|Oakland|US|94607|Oakland|US", true},
        {"c-1|Ann|Lee|13.02.1980|Oakland|1 Elm St", true},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct slice names[NAMES_MAX];
        size_t count = split(headers[i].names, names);
        if (column_names_are_values(names, count) != headers[i].are_values)
            fail_msg("%s", headers[i].names);
    }
}

static void a_header_is_described_without_values(void **state)
{
    (void)state;
    static const struct {
        const char *names, *text, *hint; /* hint NULL: none */
    } headers[] = {
        {"id|mail|born", "; its header is: id, mail, born", NULL},
        {"a|b|c|d|e|f|g|h|i|j|k|l|m", "; its header is: a, b, c, d, e, f, g, h, i, j, k, l, …", NULL},
        {"Customers of May", "; its header is: Customers of May", "skip_lines"},
        {"a name that is longer than forty bytes and goes on",
         "; its header is: a name that is longer than forty bytes a…", "skip_lines"},
        {"id;mail;born", "; its header is one column: id;mail;born", "is the delimiter `;`?"},
        {"id\tmail\tborn,at", "; its header is one column: id mail born,at", "is the delimiter `tab`?"},
        {"c-1;Ann;ann@example.com",
         "; its first line is one column, and looks like a customer, not like names",
         "is the delimiter `;`?"},
        {"c-1|Ann|ann@example.com", "; its first line looks like a customer, not like names of columns",
         "header: [NAME"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct slice names[NAMES_MAX];
        struct arena arena;
        const char *hint;
        arena_init(&arena, 1000);
        struct slice text = column_names_describe(names, split(headers[i].names, names), &arena, &hint);
        if (!slice_is(text, headers[i].text))
            fail_msg("%s: %.*s", headers[i].names, (int)text.len, text.data);
        if (!headers[i].hint)
            assert_null(hint);
        else if (!hint || !strstr(hint, headers[i].hint))
            fail_msg("%s: hint %s", headers[i].names, hint ? hint : "none");
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_told_from_names),
        cmocka_unit_test(a_header_is_described_without_values),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("column_names", tests, NULL, NULL);
}
