#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/encoding.h"

struct example {
    const char *sentence;
    enum encoding encoding;
    struct slice source;
    const char *want; /* NULL: a fault */
};

static const struct example examples[] = {
    {"ASCII is ASCII in latin1", ENCODING_LATIN1, SLICE_LITERAL("plain text 123"), "plain text 123"},
    {"latin1 letters become two bytes", ENCODING_LATIN1, SLICE_LITERAL("Z\xfcrich \xe9t\xe9"), "Zürich été"},
    {"latin1 has control characters at 80", ENCODING_LATIN1, SLICE_LITERAL("a\x80z"), "a\xc2\x80z"},
    {"latin1 ends at U+00FF", ENCODING_LATIN1, SLICE_LITERAL("\xa0\xff"), "\xc2\xa0\xc3\xbf"},
    {"windows-1252 has the euro at 80", ENCODING_WINDOWS1252, SLICE_LITERAL("5 \x80"), "5 €"},
    {"windows-1252 has quotes and a dash", ENCODING_WINDOWS1252, SLICE_LITERAL("\x93q\x94 \x96 O\x92z"),
     "“q” – O’z"},
    {"windows-1252 has the letters of 8A and 9F", ENCODING_WINDOWS1252, SLICE_LITERAL("\x8a\x9a\x9f\x8e"),
     "ŠšŸŽ"},
    {"windows-1252 is latin1 from A0 on", ENCODING_WINDOWS1252, SLICE_LITERAL("\xdf\xf1"), "ßñ"},
    {"UTF-8 stays as it is", ENCODING_UTF8, SLICE_LITERAL("Łódź"), "Łódź"},
    {"a latin1 byte is a fault in UTF-8", ENCODING_UTF8, SLICE_LITERAL("Z\xfcrich"), NULL},
    {"81 is a fault in windows-1252", ENCODING_WINDOWS1252, SLICE_LITERAL("a\x81"), NULL},
    {"8D is a fault in windows-1252", ENCODING_WINDOWS1252, SLICE_LITERAL("\x8d"), NULL},
    {"8F is a fault in windows-1252", ENCODING_WINDOWS1252, SLICE_LITERAL("\x8f"), NULL},
    {"90 is a fault in windows-1252", ENCODING_WINDOWS1252, SLICE_LITERAL("\x90"), NULL},
    {"9D is a fault in windows-1252", ENCODING_WINDOWS1252, SLICE_LITERAL("\x9d"), NULL},
    {"the empty text is empty", ENCODING_WINDOWS1252, SLICE_LITERAL(""), ""},
};

static void each_encoding_reads_its_bytes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *example = &examples[i];
        struct slice out = {0};
        bool ok = encoding_decode(example->encoding, example->source, &arena, &out);
        if (ok != (example->want != NULL) || (ok && !slice_is(out, example->want)))
            fail_msg("%s: got %s %.*s", example->sentence, ok ? "text" : "a fault", (int)out.len, out.data);
    }
    arena_clear(&arena);
}

static void only_five_bytes_are_undefined_in_windows_1252(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    unsigned faults = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        char text = (char)byte;
        struct slice out;
        faults += !encoding_decode(ENCODING_WINDOWS1252, slice_make(&text, 1), &arena, &out);
        assert_true(encoding_decode(ENCODING_LATIN1, slice_make(&text, 1), &arena, &out));
    }
    assert_int_equal(faults, 5);
    arena_clear(&arena);
}

static void ascii_is_not_copied(void **state)
{
    (void)state;
    struct slice source = SLICE_LITERAL("nothing to decode here"), out;
    struct arena arena;
    arena_init(&arena, 4096);
    assert_true(encoding_decode(ENCODING_WINDOWS1252, source, &arena, &out));
    assert_ptr_equal(out.data, source.data);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_encoding_reads_its_bytes),
        cmocka_unit_test(only_five_bytes_are_undefined_in_windows_1252),
        cmocka_unit_test(ascii_is_not_copied),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("encoding", tests, NULL, NULL);
}
