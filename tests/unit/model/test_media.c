#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/media.h"

static void the_kind_of_a_document_follows_from_its_first_bytes(void **state)
{
    (void)state;
    static const struct {
        struct slice head;
        const char *want;
    } examples[] = {
        {SLICE_LITERAL("\xff\xd8\xff\xe0 JFIF"), "image/jpeg"},
        {SLICE_LITERAL("\x89PNG\r\n\x1a\n"), "image/png"},
        {SLICE_LITERAL("\x89PNG\n"), NULL},
        {SLICE_LITERAL("%PDF-1.7"), "application/pdf"},
        {SLICE_LITERAL("%PD"), NULL},
        {SLICE_LITERAL("<html>"), NULL},
        {SLICE_LITERAL(""), NULL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const char *type = media_type(examples[i].head);
        if (!examples[i].want)
            assert_null(type);
        else
            assert_string_equal(type, examples[i].want);
    }
}

static void a_url_is_recognized_by_its_scheme(void **state)
{
    (void)state;
    assert_true(media_is_url(SLICE_LITERAL("https://example.com/a.png")));
    assert_true(media_is_url(SLICE_LITERAL("HTTPS://example.com/a.png")));
    assert_true(media_is_url(SLICE_LITERAL("https://"))); /* without a host: the rule says so */
    assert_false(media_is_url(SLICE_LITERAL("http://example.com/a.png")));
    assert_false(media_is_url(SLICE_LITERAL("https:/a.png")));
    assert_false(media_is_url(SLICE_LITERAL("")));
}

static void a_data_uri_has_a_type_and_a_content(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *type, *base64; /* NULL: not taken */
    } examples[] = {
        {"data:image/png;base64,iVBO", "image/png", "iVBO"},
        {"Data:image/png;Base64,", "image/png", ""},
        {"data:;base64,iVBO", "", "iVBO"},
        {"data:image/png,iVBO", NULL, NULL},
        {"data:image/png;base64", NULL, NULL},
        {"data:,", NULL, NULL},
        {"data:", NULL, NULL},
        {"https://example.com/;base64,a", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct slice type, base64;
        bool read = media_read_data_uri(slice_from(examples[i].uri), &type, &base64);
        if (read != (examples[i].type != NULL) ||
            (read && !(slice_is(type, examples[i].type) && slice_is(base64, examples[i].base64))))
            fail_msg("%s", examples[i].uri);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kind_of_a_document_follows_from_its_first_bytes),
        cmocka_unit_test(a_url_is_recognized_by_its_scheme),
        cmocka_unit_test(a_data_uri_has_a_type_and_a_content),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("media", tests, NULL, NULL);
}
