#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/text.h"
#include "core/utf8.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 65536);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

static void expect_text(const char *sentence, struct slice got, const char *want)
{
    if (!slice_is(got, want))
        fail_msg("%s: got \"%.*s\", want \"%s\"", sentence, (int)got.len, got.data, want);
}

static void utf8_follows_rfc_3629(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        struct slice text;
        bool want;
    } cases[] = {
        {"nothing", SLICE_LITERAL(""), true},
        {"one to four bytes", SLICE_LITERAL("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), true},
        {"the first of each length", SLICE_LITERAL("\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80"), true},
        {"the last of each length", SLICE_LITERAL("\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf"), true},
        {"beside the surrogates", SLICE_LITERAL("\xed\x9f\xbf\xee\x80\x80"), true},
        {"a Latin-1 byte", SLICE_LITERAL("Jos\xe9"), false},
        {"a Latin-1 byte after eight", SLICE_LITERAL("12345678Jos\xe9"), false},
        {"overlong of two", SLICE_LITERAL("\xc0\xaf"), false},
        {"overlong of two, C1", SLICE_LITERAL("\xc1\xbf"), false},
        {"overlong of three", SLICE_LITERAL("\xe0\x9f\xbf"), false},
        {"overlong of four", SLICE_LITERAL("\xf0\x8f\xbf\xbf"), false},
        {"a surrogate", SLICE_LITERAL("\xed\xa0\x80"), false},
        {"above U+10FFFF", SLICE_LITERAL("\xf4\x90\x80\x80"), false},
        {"a lone continuation", SLICE_LITERAL("\x80"), false},
        {"cut off", SLICE_LITERAL("abc\xe2\x82"), false},
        {"broken inside", SLICE_LITERAL("\xe2\x28\xa1"), false},
        {"F5", SLICE_LITERAL("\xf5\x80\x80\x80"), false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (utf8_is_valid(cases[i].text) != cases[i].want)
            fail_msg("%s", cases[i].sentence);
}

static void plain_ascii_is_seen_at_every_place(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 20; len++) {
        for (int byte = 0; byte < 256; byte++) {
            for (size_t offset = 0; offset < len; offset++) {
                char text[20];
                memset(text, 'x', len);
                text[offset] = (char)byte;
                bool want = byte >= 0x20 && byte <= 0x7e;
                if (text_is_plain_ascii(slice_make(text, len)) != want)
                    fail_msg("byte 0x%02x offset %zu of %zu", (unsigned)byte, offset, len);
            }
        }
    }
    assert_true(text_is_plain_ascii(slice_make(NULL, 0)));
}

static void chars_are_code_points(void **state)
{
    (void)state;
    assert_int_equal(utf8_count(SLICE_LITERAL("")), 0);
    assert_int_equal(utf8_count(SLICE_LITERAL("abc")), 3);
    assert_int_equal(utf8_count(SLICE_LITERAL("Zo\xc3\xab \xf0\x9f\x98\x80")), 5);
}

static void a_text_becomes_its_normal_form(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *source, *want;
        enum text_fault fault;
    } cases[] = {
        {"plain text stays", "Anna Maria", "Anna Maria", TEXT_OK},
        {"outer blanks go", "  Anna \t\r\n", "Anna", TEXT_OK},
        {"blanks alone are nothing", " \t ", "", TEXT_OK},
        {"inner blanks fold", "Anna   Maria", "Anna Maria", TEXT_OK},
        {"blanks that meet at a word's end fold", "1234567  9", "1234567 9", TEXT_OK},
        {"blanks that meet after eight bytes fold", "12345678  9", "12345678 9", TEXT_OK},
        {"blanks fold at every distance", "1234567  90123456  8901234  789012 4",
         "1234567 90123456 8901234 789012 4", TEXT_OK},
        {"a tab is a blank", "Anna\tMaria", "Anna Maria", TEXT_OK},
        {"a line end is a blank", "Line 1\r\nLine 2", "Line 1 Line 2", TEXT_OK},
        {"a no-break space is a blank", "Anna\xc2\xa0Maria\xc2\xa0", "Anna Maria", TEXT_OK},
        {"an ideographic space is a blank", "\xe3\x80\x80\xe5\xb1\xb1\xe3\x80\x80\xe7\x94\xb0",
         "\xe5\xb1\xb1 \xe7\x94\xb0", TEXT_OK},
        {"Zoe with a mark is composed", "Zoe\xcc\x88", "Zo\xc3\xab", TEXT_OK},
        {"composed text stays", "Zo\xc3\xab", "Zo\xc3\xab", TEXT_OK},
        {"marks are put in order", "a\xcc\x81\xcc\xa3", "\xe1\xba\xa1\xcc\x81", TEXT_OK},
        {"a singleton is replaced", "\xe2\x84\xab", "\xc3\x85", TEXT_OK},
        {"Vietnamese stays", "Nguy\xe1\xbb\x85n", "Nguy\xe1\xbb\x85n", TEXT_OK},
        {"Hangul is composed", "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c", TEXT_OK},
        {"a compatibility form stays", "\xef\xac\x81", "\xef\xac\x81", TEXT_OK},
        {"a zero-width space goes", "An\xe2\x80\x8bna", "Anna", TEXT_INVISIBLE},
        {"a BOM goes",
         "\xef\xbb\xbf"
         "Anna",
         "Anna", TEXT_INVISIBLE},
        {"a soft hyphen goes", "An\xc2\xadna", "Anna", TEXT_INVISIBLE},
        {"a bidirectional control goes",
         "\xe2\x80\xae"
         "Anna\xe2\x81\xa9",
         "Anna", TEXT_INVISIBLE},
        {"a control character goes", "An\x01na\x7f", "Anna", TEXT_INVISIBLE},
        {"a C1 control character is damage",
         "O\xc2\x92"
         "Brien",
         "", TEXT_ENCODING},
        {"the first of C1", "An\xc2\x80na", "", TEXT_ENCODING},
        {"the last of C1", "An\xc2\x9fna", "", TEXT_ENCODING},
        {"NEL is of C1", "Anna\xc2\x85", "", TEXT_ENCODING},
        {"a private-use character is damage", "An\xee\x80\x80na", "", TEXT_ENCODING},
        {"one of plane 15 too", "An\xf3\xb0\x80\x80na", "", TEXT_ENCODING},
        {"U+F900 is a letter", "\xef\xa4\x80", "\xe8\xb1\x88", TEXT_OK},
        {"a mark that waited for its letter joins it", "e\xe2\x80\x8b\xcc\x81", "\xc3\xa9", TEXT_INVISIBLE},
        {"blanks around what goes fold", "a \xe2\x80\x8b b", "a b", TEXT_INVISIBLE},
        {"a joiner between Latin letters goes",
         "a\xe2\x80\x8d"
         "b",
         "ab", TEXT_INVISIBLE},
        {"a non-joiner in Persian stays", "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae",
         "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae", TEXT_OK},
        {"a joiner after a virama stays", "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7",
         "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7", TEXT_OK},
        {"a joiner at the end goes", "\xd9\x85\xe2\x80\x8d", "\xd9\x85", TEXT_INVISIBLE},
        {"a second joiner goes", "\xd9\x85\xe2\x80\x8d\xe2\x80\x8d\xd9\x85", "\xd9\x85\xe2\x80\x8d\xd9\x85",
         TEXT_INVISIBLE},
        {"U+FFFD is no value", "Jos\xef\xbf\xbd", "", TEXT_ENCODING},
        {"a Latin-1 byte is no value", "Jos\xe9", "", TEXT_ENCODING},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct slice out;
        enum text_fault fault = text_normalize(slice_from(cases[i].source), &arena, &out);
        if (fault != cases[i].fault)
            fail_msg("%s: fault %d", cases[i].sentence, (int)fault);
        expect_text(cases[i].sentence, out, cases[i].want);
    }
    struct slice out;
    assert_int_equal(text_normalize(SLICE_LITERAL("a\0b"), &arena, &out), TEXT_ENCODING);
    assert_int_equal(text_normalize(slice_make(NULL, 0), &arena, &out), TEXT_OK);
    assert_int_equal(out.len, 0);
}

static void a_normal_form_is_not_copied(void **state)
{
    (void)state;
    static const char *const sources[] = {"Anna Maria", " Anna ", "Zo\xc3\xab", "Nguy\xe1\xbb\x85n",
                                          "Αλέξης"};
    for (size_t i = 0; i < COUNT(sources); i++) {
        struct slice out;
        text_normalize(slice_from(sources[i]), &arena, &out);
        assert_true(out.data >= sources[i] && out.data <= sources[i] + strlen(sources[i]));
    }
}

static void a_normal_form_stays_itself(void **state)
{
    (void)state;
    /* Every pair of an interesting character with another one, and with a blank between. */
    static const char *const parts[] = {"a",
                                        " ",
                                        "\t",
                                        "\xc2\xa0",
                                        "e\xcc\x81",
                                        "\xcc\xa3",
                                        "\xe2\x80\x8b",
                                        "\xe2\x80\x8d",
                                        "\xd9\x85",
                                        "\xe1\xba\xa1",
                                        "\xef\xbb\xbf"};
    for (size_t i = 0; i < COUNT(parts); i++) {
        for (size_t j = 0; j < COUNT(parts); j++) {
            for (size_t k = 0; k < COUNT(parts); k++) {
                struct slice source =
                    arena_printf(&arena, "%s%s%s%s", parts[i], parts[j], parts[k], parts[i]);
                struct slice once, twice;
                text_normalize(source, &arena, &once);
                assert_int_equal(text_normalize(once, &arena, &twice), TEXT_OK);
                assert_true(slice_equal(once, twice));
            }
        }
    }
}

static void two_blanks_are_seen_at_every_place(void **state)
{
    (void)state;
    char text[40];
    for (size_t len = 4; len <= sizeof text; len++) {
        for (size_t offset = 1; offset + 3 <= len; offset++) {
            memset(text, 'x', len);
            text[offset] = text[offset + 1] = ' ';
            struct slice out;
            text_normalize(slice_make(text, len), &arena, &out);
            if (out.len != len - 1)
                fail_msg("offset %zu of %zu", offset, len);
        }
    }
}

/* Every byte of ASCII, and a letter of two bytes, at every place of texts of all lengths that one or several
 * words hold. */
static void what_may_be_escaped_is_seen_at_every_place(void **state)
{
    (void)state;
    char text[28];
    for (size_t len = 1; len < sizeof text; len++) {
        for (size_t offset = 0; offset < len; offset++) {
            for (int byte = 1; byte <= 0x80; byte++) {
                bool is_letter = byte == 0x80, is_seen, want;
                memset(text, 'x', len);
                text[offset] = is_letter ? '\xc3' : (char)byte;
                if (is_letter && offset + 1 == len)
                    continue;
                if (is_letter)
                    text[offset + 1] = '\xbc';
                struct slice out;
                text_normalize_and_look(slice_make(text, len), &arena, &out, &is_seen);
                want = out.len == len && (is_letter || strchr("&\\<=>?]^_|}~", byte));
                if (is_seen != want || text_may_be_escaped(out) != want)
                    fail_msg("byte 0x%02x at %zu of %zu: %d", (unsigned)byte, offset, len, is_seen);
            }
        }
    }
}

static void names_fold_to_letters_and_digits(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *source, *want;
    } cases[] = {
        {"case aside", "GERMANY", "germany"},
        {"accents aside", "C\xc3\xb4te d'Ivoire", "cote divoire"},
        {"a curly apostrophe vanishes too", "C\xc3\xb4te d\xe2\x80\x99Ivoire", "cote divoire"},
        {"dots vanish", "U.S.A.", "usa"},
        {"a hyphen is a blank", "Guinea-Bissau", "guinea bissau"},
        {"runs are one blank", "Congo, (the)  Republic", "congo the republic"},
        {"outer ones go", " (Korea) ", "korea"},
        {"sharp s", "Wei\xc3\x9frussland", "weissrussland"},
        {"letters that do not decompose", "\xc3\x98st \xc5\x81\xc4\x91 \xc3\x86\xc5\x93", "ost ld aeoe"},
        {"Turkish", "T\xc3\x9cRK\xc4\xb0YE", "turkiye"},
        {"Cyrillic", "\xd0\xa0\xd0\xbe\xd1\x81\xd1\x81\xd0\xb8\xd1\x8f",
         "\xd1\x80\xd0\xbe\xd1\x81\xd1\x81\xd0\xb8\xd1\x8f"},
        {"decomposed alike", "Re\xcc\x81union", "reunion"},
        {"nothing", "", ""},
        {"nothing but signs", "--", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_text(cases[i].sentence, text_fold_name(slice_from(cases[i].source), &arena), cases[i].want);
}

static void capitals_are_made_of_small_letters(void **state)
{
    (void)state;
    struct slice capitals = SLICE_LITERAL("SW1A 1AA");
    assert_ptr_equal(text_upper(capitals, &arena).data, capitals.data);
    expect_text("ASCII", text_upper(SLICE_LITERAL("sw1a 1aa"), &arena), "SW1A 1AA");
    expect_text("others", text_upper(SLICE_LITERAL("\xc3\xa9\xd1\x8f"), &arena), "\xc3\x89\xd0\xaf");
    expect_text("a longer capital", text_upper(SLICE_LITERAL("\xc9\x90\xc9\x90"), &arena),
                "\xe2\xb1\xaf\xe2\xb1\xaf");
}

static void a_text_is_cut_between_characters(void **state)
{
    (void)state;
    expect_text("short enough", utf8_shorten(SLICE_LITERAL("abc"), 3), "abc");
    expect_text("ASCII", utf8_shorten(SLICE_LITERAL("abcd"), 3), "abc");
    expect_text("inside a character", utf8_shorten(SLICE_LITERAL("ab\xe2\x82\xac"), 4), "ab");
    expect_text("after a character",
                utf8_shorten(SLICE_LITERAL("a\xe2\x82\xac"
                                           "b"),
                             4),
                "a\xe2\x82\xac");
}

static void a_message_is_cut_between_words(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text;
        size_t size;
        const char *want;
    } cases[] = {
        {"it fits", "Couldn't connect to server", 27, "Couldn't connect to server"},
        {"it does not, by one", "Couldn't connect to server", 26, "Couldn't connect to…"},
        {"a word that just fits is whole", "Couldn't connect to server", 23, "Couldn't connect to…"},
        {"one byte less, and it goes", "Couldn't connect to server", 22, "Couldn't connect…"},
        {"punctuation before the cut goes too", "map another column: or drop it", 24, "map another column…"},
        {"a word without an end is cut in itself", "Donaudampfschifffahrt", 12, "Donaudam…"},
        {"one behind a short one is not", "a Donaudampfschifffahrt", 14, "a…"},
        {"but one of more than 40 bytes", "at http://127.0.0.1/0123456789/0123456789/0123456789", 50,
         "at http://127.0.0.1/0123456789/0123456789/0123…"},
        {"between characters", "äöüäöü", 10, "äöü…"},
        {"a line's end is a blank", "one line\nanother", 16, "one line…"},
        {"the smallest room", "abcdef", 4, "…"},
        {"nothing", "", 4, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];
        size_t len = text_format(out, cases[i].size, "%s", cases[i].text);
        if (strcmp(out, cases[i].want) != 0)
            fail_msg("%s: `%s`", cases[i].sentence, out);
        assert_int_equal(len, strlen(out));
    }
}

/* At every size: UTF-8, no longer than the room, the beginning of the text up to the end of a word. */
static void a_cut_message_is_a_beginning_of_whole_words(void **state)
{
    (void)state;
    static const char text[] =
        "the provider is gone: nöthing but failures for 600 s (delivery.retry_for); run again to resume. The last: connect: Couldn’t connect to server";
    for (size_t size = 40; size < sizeof text; size++) {
        char out[sizeof text];
        size_t len = text_format(out, size, "%s", text);
        assert_true(len < size && utf8_is_valid(slice_make(out, len)));
        assert_string_equal(out + len - 3, "…");
        assert_memory_equal(out, text, len - 3);
        if (!strchr(" ,;:.(", text[len - 3]))
            fail_msg("cut in a word: %s", out);
    }
    char whole[sizeof text];
    text_format(whole, sizeof whole, "%s", text);
    assert_string_equal(whole, text);
}

static void the_nearest_word_is_found(void **state)
{
    (void)state;
    static const char *const words[] = {"healthcare", "hospitality", "education", "other", "finance", NULL};
    assert_string_equal(text_nearest(SLICE_LITERAL("helthcare"), words), "healthcare");
    assert_string_equal(text_nearest(SLICE_LITERAL("FINANEC"), words), "finance");
    assert_string_equal(text_nearest(SLICE_LITERAL("ohter"), words), "other");
    assert_string_equal(text_nearest(SLICE_LITERAL("eduction"), words), "education");
    assert_null(text_nearest(SLICE_LITERAL("plumber"), words));
    assert_string_equal(text_nearest(SLICE_LITERAL("hospitalisation"), words), "hospitality");
    assert_string_equal(text_nearest(SLICE_LITERAL("owner"), words), "other");
    assert_null(text_nearest_value(SLICE_LITERAL("owner"), words));
    assert_string_equal(text_nearest_value(SLICE_LITERAL("ohter"), words), "other");
    assert_string_equal(text_nearest_value(SLICE_LITERAL("Health"), words), "healthcare");
    assert_null(text_nearest_value(SLICE_LITERAL("heal"), words));
    assert_null(text_nearest_value(SLICE_LITERAL("fin"), words));
    static const char *const two[] = {"gift_card", "gift_fund", NULL};
    assert_null(text_nearest_value(SLICE_LITERAL("gift_"), two));
    assert_null(text_nearest_value(SLICE_LITERAL("other words"), words));

    char longest[200];
    memset(longest, 'x', sizeof longest);
    assert_null(text_nearest(slice_make(longest, sizeof longest), words));
}

static void names_are_joined_as_people_do(void **state)
{
    (void)state;
    static const struct {
        const char *names[4], *want;
    } rows[] = {{{NULL}, ""}, {{"a"}, "a"}, {{"a", "b"}, "a and b"}, {{"a", "b", "c"}, "a, b and c"}};
    char text[TEXT_HINT_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text_join_names(rows[i].names, " and ", text);
        assert_string_equal(text, rows[i].want);
    }
}

static void a_hint_names_the_nearest_or_all(void **state)
{
    (void)state;
    static const char *const words[] = {"finance", "education", NULL};
    static char name[] = "a name of twenty-nine bytes ..";
    const char *many[101];
    char hint[TEXT_HINT_SIZE];
    text_hint_names(SLICE_LITERAL("finanec"), words, hint);
    assert_string_equal(hint, "did you mean `finance`?");
    text_hint_names(SLICE_LITERAL("plumber"), words, hint);
    assert_string_equal(hint, "the names are finance, education");

    for (size_t i = 0; i < 100; i++) /* 3,000 bytes: not all are shown */
        many[i] = name;
    many[100] = NULL;
    text_hint_names(SLICE_LITERAL("x"), many, hint);
    assert_true(strlen(hint) > 700 && strlen(hint) < TEXT_HINT_SIZE);
}

static void damage_is_found_where_it_begins(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        struct slice text;
        size_t at_ns;
        uint32_t code;
    } cases[] = {
        {"none", SLICE_LITERAL("Zo\xc3\xab"), 4, 7},
        {"a NUL", SLICE_LITERAL("a\0b"), 1, 0},
        {"a byte", SLICE_LITERAL("Jos\xe9"), 3, TEXT_NO_CHAR},
        {"C1", SLICE_LITERAL("O\xc2\x92z"), 1, 0x92},
        {"U+FFFD", SLICE_LITERAL("\xef\xbf\xbd"), 0, 0xfffd},
        {"private use", SLICE_LITERAL("\xef\xa3\xbf"), 0, 0xf8ff},
        {"the last plane", SLICE_LITERAL("a\xf4\x8f\xbf\xbd"), 1, 0x10fffd},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t code = 7;
        if (text_find_damage(cases[i].text, &code) != cases[i].at_ns ||
            (code != cases[i].code && cases[i].code != 7))
            fail_msg("%s: U+%X", cases[i].sentence, (unsigned)code);
    }
}

static void a_word_is_found_only_as_a_whole(void **state)
{
    static const struct {
        const char *text;
        bool has;
    } cases[] = {
        {"C-1", true},      {"the customer C-1 has", true},
        {"\"C-1\"", true},  {"C-1.", true},
        {"x,C-1,y", true},  {"C-10", false},
        {"C-1-2", false},   {"AC-1", false},
        {"C-1_b", false},   {"", false},
        {"C-10 C-1", true}, {"C-", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (text_has_word(slice_from(cases[i].text), SLICE_LITERAL("C-1")) != cases[i].has)
            fail_msg("%s", cases[i].text);
    assert_false(text_has_word(SLICE_LITERAL("text"), slice_make(NULL, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_is_found_where_it_begins),
        cmocka_unit_test(utf8_follows_rfc_3629),
        cmocka_unit_test(plain_ascii_is_seen_at_every_place),
        cmocka_unit_test(chars_are_code_points),
        cmocka_unit_test_setup_teardown(a_text_becomes_its_normal_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_normal_form_is_not_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_normal_form_stays_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_blanks_are_seen_at_every_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_may_be_escaped_is_seen_at_every_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_fold_to_letters_and_digits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(capitals_are_made_of_small_letters, set_up, tear_down),
        cmocka_unit_test(a_text_is_cut_between_characters),
        cmocka_unit_test(a_message_is_cut_between_words),
        cmocka_unit_test(a_cut_message_is_a_beginning_of_whole_words),
        cmocka_unit_test(a_word_is_found_only_as_a_whole),
        cmocka_unit_test(the_nearest_word_is_found),
        cmocka_unit_test(names_are_joined_as_people_do),
        cmocka_unit_test(a_hint_names_the_nearest_or_all),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
