#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/email.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define TEN   "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void addresses_are_read_and_refused(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text, *want; /* want NULL: refused */
    } cases[] = {
        {"a plain one", "anna@example.com", "anna@example.com"},
        {"the local part stays", "Anna.O'Neil+x@example.com", "Anna.O'Neil+x@example.com"},
        {"the domain is lowered", "Anna@EXAMPLE.Com", "Anna@example.com"},
        {"subdomains", "a@b.c-d.example.co.uk", "a@b.c-d.example.co.uk"},
        {"a domain that begins with a digit", "a@3m.example", "a@3m.example"},
        {"all the signs", "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"},
        {"A-labels", "anna@m\xc3\xbcnchen.example", "anna@xn--mnchen-3ya.example"},
        {"A-labels of capitals", "anna@M\xc3\x9cNCHEN.example", "anna@xn--mnchen-3ya.example"},
        {"sharp s is its own letter", "anna@fa\xc3\x9f.example", "anna@xn--fa-hia.example"},
        {"an ideographic full stop",
         "anna@example\xe3\x80\x82"
         "com",
         "anna@example.com"},
        {"64 bytes before the @", SIXTY "abcd@example.com", SIXTY "abcd@example.com"},
        {"63 bytes in a label", "a@" SIXTY "abc.com", "a@" SIXTY "abc.com"},
        {"no @", "anna.example.com", NULL},
        {"two @", "anna@home@example.com", NULL},
        {"nothing before", "@example.com", NULL},
        {"nothing behind", "anna@", NULL},
        {"no dot", "anna@localhost", NULL},
        {"a dot at the beginning", ".anna@example.com", NULL},
        {"a dot before the @", "anna.@example.com", NULL},
        {"two dots", "an..na@example.com", NULL},
        {"a blank", "an na@example.com", NULL},
        {"a quoted string", "\"an na\"@example.com", NULL},
        {"a name and an address", "Anna <anna@example.com>", NULL},
        {"a comma", "anna@example.com,berta@example.com", NULL},
        {"a local part that is not ASCII",
         "z\xc3\xb6"
         "e@example.com",
         NULL},
        {"an empty label", "anna@example..com", NULL},
        {"a dot at the end", "anna@example.com.", NULL},
        {"a dot after the @", "anna@.example.com", NULL},
        {"a hyphen at the beginning of a label", "anna@-example.com", NULL},
        {"a hyphen at the end of a label", "anna@example-.com", NULL},
        {"an underscore in the domain", "anna@ex_ample.com", NULL},
        {"an address literal", "anna@[192.0.2.1]", NULL},
        {"a number", "anna@192.0.2.1", NULL},
        {"a domain that IDNA refuses",
         "anna@\xe2\x99\xa5\xcc\x81.\xd7\x90"
         "a.example",
         NULL},
        {"65 bytes before the @", SIXTY "abcde@example.com", NULL},
        {"64 bytes in a label", "a@" SIXTY "abcd.com", NULL},
        {"255 bytes",
         SIXTY "@" SIXTY "." SIXTY "." SIXTY "."
               "abcdefg.com",
         NULL},
    };
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct slice out = {NULL, 0};
        const char *why = email_read(slice_from(cases[i].text), &arena, &out);
        if ((!why) != (cases[i].want != NULL))
            fail_msg("%s: %s", cases[i].sentence, why ? why : "accepted");
        if (!why && !slice_is(out, cases[i].want))
            fail_msg("%s: %.*s", cases[i].sentence, (int)out.len, out.data);
    }
    arena_clear(&arena);
}

static void a_normal_address_is_not_copied(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    struct slice text = SLICE_LITERAL("Anna@example.com"), out;
    assert_null(email_read(text, &arena, &out));
    assert_ptr_equal(out.data, text.data);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_refused),
        cmocka_unit_test(a_normal_address_is_not_copied),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("email", tests, NULL, NULL);
}
