#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/uri.h"

static void a_uri_has_a_scheme_that_a_customer_may_be_sent_to(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want; /* a part of the message; NULL: it is good */
    } cases[] = {
        {"https://example.com/back?x=1#y", NULL},
        {"http://localhost:3000", NULL},
        {"HTTPS://EXAMPLE.COM", NULL},
        {"https://[::1]/x", NULL},
        {"https://example.com/%C3%BC", NULL},
        {"myapp://callback", NULL},
        {"com.example.app:/done", NULL},
        {"urn:x:y", NULL},
        {"A+b-1.2:x", NULL},
        {"", "no scheme"},
        {"x", "no scheme"},
        {"/back", "no scheme"},
        {"//example.com", "no scheme"},
        {"://x", "no scheme"},
        {"1app://x", "no scheme"},
        {"my_app://x", "no scheme"},
        {"example.com/a:b", "no scheme"},
        {"javascript:alert(1)", "unsafe in a browser"},
        {"JavaScript:alert(1)", "unsafe in a browser"},
        {"data:text/plain,x", "unsafe in a browser"},
        {"FILE:///etc/passwd", "unsafe in a browser"},
        {"https:", "has nothing after"},
        {"myapp:", "has nothing after"},
        {"https://", "no host"},
        {"https:///x", "no host"},
        {"https:/x", "no host"},
        {"http:x", "no host"},
        {"https://:80", "no host"},
        {"https://example.com/a b", "percent-encode"},
        {"https://example.com/\xc3\xbc", "percent-encode"},
        {"https://example.com/{id}", "percent-encode"},
        {"https://example.com/<x>", "percent-encode"},
        {"https://example.com/\"", "percent-encode"},
        {"https://example.com/%zz", "percent-encode"},
        {"https://example.com/%4", "percent-encode"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *fault = uri_fault(slice_from(cases[i].text));
        if (!fault != !cases[i].want || (fault && !strstr(fault, cases[i].want)))
            fail_msg("%s: %s", cases[i].text, fault ? fault : "accepted");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_uri_has_a_scheme_that_a_customer_may_be_sent_to)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("uri", tests, NULL, NULL);
}
