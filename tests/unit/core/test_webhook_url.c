#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/webhook_url.h"

/* want: NULL: it is accepted. */
static const struct {
    const char *sentence, *url, *want, *origin;
} cases[] = {
    {"a host alone", "https://hooks.example.com", NULL, "https://hooks.example.com"},
    {"a path", "https://hooks.example.com/services/T0/B0/x", NULL, "https://hooks.example.com"},
    {"a path and a query", "https://example.com:8443/hook?key=a&b=%2F&c=/?", NULL,
     "https://example.com:8443"},
    {"a query without a path", "https://example.com?key=a", NULL, "https://example.com"},
    {"an @ in the query", "https://example.com/hook?to=a@example.com", NULL, "https://example.com"},
    {"http:// to loopback", "http://127.0.0.1:8080/hook", NULL, "http://127.0.0.1:8080"},
    {"nothing", "", "must begin with https://", NULL},
    {"http:// to another machine", "http://example.com/hook", "must begin with https://: http:// is for",
     NULL},
    {"another scheme", "file:///etc/passwd", "must begin with https://", NULL},
    {"a user", "https://me:secret@example.com/hook", "must not hold a user or a password", NULL},
    {"a fragment", "https://example.com/hook#part", "must not have a fragment", NULL},
    {"a blank in the path", "https://example.com/a b", "holds a character that a URL cannot have", NULL},
    {"a blank in the query", "https://example.com/a?b c", "holds a character that a URL cannot have", NULL},
    {"a line end in the query", "https://example.com/a?b\r\nX: y", "holds a character that a URL cannot have",
     NULL},
    {"a dot segment", "https://example.com/a/../b", "has a path that is too long, or holds", NULL},
    {"no host", "https:///hook", "has no valid host and port", NULL},
};

static void a_webhook_has_a_path_and_a_query(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct base_url parts;
        const char *fault = webhook_url_parse(slice_from(cases[i].url), &parts);
        bool is_right = cases[i].want ? fault && strncmp(fault, cases[i].want, strlen(cases[i].want)) == 0
                                      : !fault && slice_is(parts.origin, cases[i].origin);
        if (!is_right)
            fail_msg("%s: %s", cases[i].sentence, fault ? fault : "accepted");
    }
}

static void a_query_is_bounded(void **state)
{
    (void)state;
    char url[8192] = "https://example.com/?";
    struct base_url parts;
    size_t head = strlen(url);
    memset(url + head, 'x', 4095);
    assert_null(webhook_url_parse(slice_from(url), &parts));
    memset(url + head, 'x', 4096);
    assert_non_null(webhook_url_parse(slice_from(url), &parts));
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_webhook_has_a_path_and_a_query),
        cmocka_unit_test(a_query_is_bounded),
    };
    return cmocka_run_group_tests_name("webhook url", tests, NULL, NULL);
}
