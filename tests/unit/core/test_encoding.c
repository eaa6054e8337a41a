#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/encoding.h"
#include "core/utf8.h"

struct example {
    const char *sentence;
    const struct encoding *encoding;
    struct slice source;
    const char *want; /* NULL: a fault */
};

static const struct example examples[] = {
    {"ASCII is ASCII in latin1", &encoding_latin1, SLICE_LITERAL("plain text 123"), "plain text 123"},
    {"latin1 letters become two bytes", &encoding_latin1, SLICE_LITERAL("Z\xfcrich \xe9t\xe9"), "Zürich été"},
    {"latin1 has control characters at 80", &encoding_latin1, SLICE_LITERAL("a\x80z"), "a\xc2\x80z"},
    {"latin1 ends at U+00FF", &encoding_latin1, SLICE_LITERAL("\xa0\xff"), "\xc2\xa0\xc3\xbf"},
    {"windows-1252 has the euro at 80", &encoding_windows1252, SLICE_LITERAL("5 \x80"), "5 €"},
    {"windows-1252 has quotes and a dash", &encoding_windows1252, SLICE_LITERAL("\x93q\x94 \x96 O\x92z"),
     "“q” – O’z"},
    {"windows-1252 has the letters of 8A and 9F", &encoding_windows1252, SLICE_LITERAL("\x8a\x9a\x9f\x8e"),
     "ŠšŸŽ"},
    {"windows-1252 is latin1 from A0 on", &encoding_windows1252, SLICE_LITERAL("\xdf\xf1"), "ßñ"},
    {"UTF-8 stays as it is", &encoding_utf8, SLICE_LITERAL("Łódź"), "Łódź"},
    {"a latin1 byte is a fault in UTF-8", &encoding_utf8, SLICE_LITERAL("Z\xfcrich"), NULL},
    {"81 is a fault in windows-1252", &encoding_windows1252, SLICE_LITERAL("a\x81"), NULL},
    {"8D is a fault in windows-1252", &encoding_windows1252, SLICE_LITERAL("\x8d"), NULL},
    {"8F is a fault in windows-1252", &encoding_windows1252, SLICE_LITERAL("\x8f"), NULL},
    {"90 is a fault in windows-1252", &encoding_windows1252, SLICE_LITERAL("\x90"), NULL},
    {"9D is a fault in windows-1252", &encoding_windows1252, SLICE_LITERAL("\x9d"), NULL},
    {"the empty text is empty", &encoding_windows1252, SLICE_LITERAL(""), ""},
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
        faults += !encoding_decode(&encoding_windows1252, slice_make(&text, 1), &arena, &out);
        assert_true(encoding_decode(&encoding_latin1, slice_make(&text, 1), &arena, &out));
    }
    assert_int_equal(faults, 5);
    arena_clear(&arena);
}

/* Names, bytes and what they are by the tables of Unicode, Microsoft and the JIS and GB standards. */
static const struct {
    const char *name;
    struct slice source;
    const char *want; /* NULL: a fault */
} named[] = {
    {"windows-1250", SLICE_LITERAL("Wa\xb3\xeasa, \xa3\xf3\x64\x9f"), "Wałęsa, Łódź"},
    {"CP1250", SLICE_LITERAL("Dvo\xf8\xe1k"), "Dvořák"},
    {"EE8MSWIN1250", SLICE_LITERAL("\xa3"), "Ł"},
    {"mac_latin2", SLICE_LITERAL("\xfc"), "Ł"},
    {"win1250", SLICE_LITERAL("\x8a\x9a"), "Šš"},
    {"iso-8859-2", SLICE_LITERAL("\xa3\xf3\x64\xbc"), "Łódź"},
    {"iso-8859-15", SLICE_LITERAL("\xa4 \xbd\xbe"), "€ œŸ"},
    {"windows-1251", SLICE_LITERAL("\xc8\xe2\xe0\xed"), "Иван"},
    {"koi8-r", SLICE_LITERAL("\xe9\xd7\xc1\xce"), "Иван"},
    {"cp1254", SLICE_LITERAL("\xddstanbul"), "İstanbul"},
    {"cp850", SLICE_LITERAL("Z\x81rich, Jos\x82"), "Zürich, José"},
    {"cp852", SLICE_LITERAL("\x9d\xa2\x64\xab"), "Łódź"},
    {"macintosh", SLICE_LITERAL("Z\x9frich, Jos\x8e"), "Zürich, José"},
    {"shift_jis", SLICE_LITERAL("\x8eR\x93\x63 \xb1"), "山田 ｱ"},
    {"cp932", SLICE_LITERAL("\xfb\xfc \x87\x40"), "髙 ①"},
    {"shift_jis", SLICE_LITERAL("\x8e"), NULL},
    {"shift_jis", SLICE_LITERAL("\x81\xad"), NULL},
    {"euc-jp", SLICE_LITERAL("\xbb\xb3\xc5\xc4 \x8f\xb0\xa1"), "山田 丂"},
    {"gbk", SLICE_LITERAL("\xcd\xf5\xd0\xa1\xc3\xf7"), "王小明"},
    {"gb18030", SLICE_LITERAL("\xcd\xf5 \x81\x30\x84\x36 \x95\x32\x82\x36"), "王 ¥ 𠀀"},
    {"big5", SLICE_LITERAL("\xa4\xfd\xa4\x70"), "王小"},
    {"cp949", SLICE_LITERAL("\xb1\xe8 \x81\x41"), "김 갂"},
    {"euc-kr", SLICE_LITERAL("\xb1\xe8"), "김"},
    {"us-ascii", SLICE_LITERAL("a\xe9"), NULL},
    {"iso-8859-3", SLICE_LITERAL("\xa5"), NULL},
    {"windows-1250", SLICE_LITERAL("a\x81"), "a\xc2\x81"}, /* a control character: text_find_damage */
    {"macintosh", SLICE_LITERAL("\xf0"), "\xef\xa3\xbf"},  /* of private use: the same */
    {"utf-16", SLICE_LITERAL("Łódź"), "Łódź"},             /* source.h has converted it */
};

static void a_named_encoding_reads_its_bytes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        struct encoding encoding;
        struct slice out = {0};
        assert_int_equal(encoding_find(named[i].name, &arena, &encoding), ENCODING_FOUND);
        assert_string_equal(encoding_name(&encoding), named[i].name);
        bool ok = encoding_decode(&encoding, named[i].source, &arena, &out);
        if (ok != (named[i].want != NULL) || (ok && !slice_is(out, named[i].want)))
            fail_msg("%s, case %zu: got %s %.*s", named[i].name, i, ok ? "text" : "a fault", (int)out.len,
                     out.data);
    }
    arena_clear(&arena);
}

static void what_cannot_be_split_as_bytes_is_not_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum encoding_found want;
    } cases[] = {
        {"iso-2022-jp", ENCODING_UNREADABLE},
        {"iso-2022-kr", ENCODING_UNREADABLE},
        {"hz", ENCODING_UNREADABLE},
        {"utf-7", ENCODING_UNREADABLE},
        {"cp037", ENCODING_UNREADABLE},
        {"scsu", ENCODING_UNREADABLE},
        {"iscii", ENCODING_UNREADABLE},
        {"windows-1249", ENCODING_UNKNOWN},
        {"", ENCODING_UNKNOWN},
        {"latin1,swaplfnl", ENCODING_UNKNOWN},
        {"../latin1", ENCODING_UNKNOWN},
        {"a-name-of-more-bytes-than-there-is-space-for-in-a-converter-of-ICU", ENCODING_UNKNOWN},
    };
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct encoding encoding = encoding_latin1;
        if (encoding_find(cases[i].name, &arena, &encoding) != cases[i].want)
            fail_msg("%s", cases[i].name);
        assert_int_equal(encoding.kind, ENCODING_LATIN1);
    }
    arena_clear(&arena);
}

/* The second bytes by the standards: 40–7E in Shift_JIS, GBK and Big5, letters alone in Windows' Korean,
 * digits too in gb18030, none in EUC. */
static void only_bytes_that_are_no_second_halves_separate_cells(void **state)
{
    (void)state;
    static const struct {
        const char *name, *want;
    } cases[] = {
        {"windows-1250", ""},
        {"euc-jp", ""},
        {"euc-kr", ""},
        {"gb2312", ""},
        {"shift_jis", "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"},
        {"gbk", "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"},
        {"big5", "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"},
        {"gb18030", "0123456789@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"},
        {"cp949", "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"},
    };
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct encoding encoding;
        char got[129] = "", *to = got;
        assert_int_equal(encoding_find(cases[i].name, &arena, &encoding), ENCODING_FOUND);
        for (int byte = 0; byte < 0x7f; byte++)
            if (encoding_has_trail(&encoding, (char)byte))
                *to++ = (char)byte;
        *to = '\0';
        assert_string_equal(got, cases[i].want);
    }
    arena_clear(&arena);
}

static void a_character_is_encoded_as_it_is_decoded(void **state)
{
    (void)state;
    static const char *const names[] = {"latin1",    "windows-1252", "windows-1250", "cp850",
                                        "macintosh", "shift_jis",    "gb18030",      "utf-8"};
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct encoding encoding;
        unsigned count = 0;
        assert_int_equal(encoding_find(names[i], &arena, &encoding), ENCODING_FOUND);
        for (uint32_t code = 0x80; code < 0x30000; code += code < 0x3000 ? 1 : 7) {
            char bytes[ENCODING_CHAR_MAX], want[UTF8_CHAR_MAX];
            if (code >= 0xd800 && code < 0xe000)
                continue;
            size_t len = encoding_encode(&encoding, code, bytes);
            struct slice text;
            if (len == 0)
                continue;
            count++;
            assert_true(encoding_decode(&encoding, slice_make(bytes, len), &arena, &text));
            assert_true(slice_equal(text, slice_make(want, utf8_encode(code, want))));
        }
        assert_true(count > 90);
        arena_reset(&arena);
    }
    struct encoding encoding;
    char bytes[ENCODING_CHAR_MAX];
    assert_int_equal(encoding_find("windows-1250", &arena, &encoding), ENCODING_FOUND);
    assert_int_equal(encoding_encode(&encoding, 0x142, bytes), 1);
    assert_int_equal((unsigned char)bytes[0], 0xb3);
    assert_int_equal(encoding_encode(&encoding, 0x438, bytes), 0);
    arena_clear(&arena);
}

static void ascii_is_not_copied(void **state)
{
    (void)state;
    struct slice source = SLICE_LITERAL("nothing to decode here"), out;
    struct arena arena;
    arena_init(&arena, 4096);
    assert_true(encoding_decode(&encoding_windows1252, source, &arena, &out));
    assert_ptr_equal(out.data, source.data);
    arena_clear(&arena);
}

static void a_letter_is_found_wherever_it_is(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t len = 1; len <= 40; len++) {
        char text[40];
        struct slice out;
        memset(text, 'a', sizeof text);
        assert_true(encoding_decode(&encoding_latin1, slice_make(text, len), &arena, &out));
        assert_ptr_equal(out.data, text);
        for (size_t i = 0; i < len; i++) {
            text[i] = '\xe9';
            assert_true(encoding_decode(&encoding_latin1, slice_make(text, len), &arena, &out));
            assert_int_equal(out.len, len + 1);
            assert_memory_equal(out.data + i, "é", 2);
            text[i] = 'a';
        }
    }
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_encoding_reads_its_bytes),
        cmocka_unit_test(only_five_bytes_are_undefined_in_windows_1252),
        cmocka_unit_test(a_named_encoding_reads_its_bytes),
        cmocka_unit_test(what_cannot_be_split_as_bytes_is_not_read),
        cmocka_unit_test(only_bytes_that_are_no_second_halves_separate_cells),
        cmocka_unit_test(a_character_is_encoded_as_it_is_decoded),
        cmocka_unit_test(ascii_is_not_copied),
        cmocka_unit_test(a_letter_is_found_wherever_it_is),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("encoding", tests, NULL, NULL);
}
