#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "core/text.h"
#include "model/language.h"
#include "model/language_names.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 64 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

static const char *read_as(const char *text)
{
    const char *code = language_read(slice_from(text), &arena);
    return code ? code : "?";
}

static void a_language_is_read_from_what_exports_write(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *input, *want;
    } examples[] = {
        {"a code", "en", "en"},
        {"the first code", "aa", "aa"},
        {"the last code", "ZU", "zu"},
        {"a code of three letters", "eng", "en"},
        {"the bibliographic code", "ger", "de"},
        {"the terminological code", "deu", "de"},
        {"a locale", "en-US", "en"},
        {"a locale of Java", "es_MX", "es"},
        {"in small letters", "pt-br", "pt"},
        {"with a script", "zh-Hans-CN", "zh"},
        {"of a region in numbers", "es-419", "es"},
        {"of POSIX", "en_US.UTF-8", "en"},
        {"with its modifier", "de_DE@euro", "de"},
        {"of three letters", "deu-AT", "de"},
        {"an alias of a country", "en-UK", "en"},
        {"Java's Hebrew", "iw_IL", "he"},
        {"Java's Indonesian", "in-ID", "id"},
        {"an English name", "English", "en"},
        {"an English name", "Spanish", "es"},
        {"case aside", "FRENCH", "fr"},
        {"the second of its names", "Flemish", "nl"},
        {"its own name", "Deutsch", "de"},
        {"its own name", "español", "es"},
        {"accents aside", "Francais", "fr"},
        {"its own script", "日本語", "ja"},
        {"its own script", "русский", "ru"},
        {"another's name", "allemand", "de"},
        {"with a country", "English (US)", "en"},
        {"with a country", "Portuguese (Brazil)", "pt"},
        {"its script", "Chinese (Simplified)", "zh"},
        {"the same alone, which may be India", "IN", "?"},
        {"nothing", "", "?"},
        {"no language", "Klingon", "?"},
        {"POSIX's none", "C", "?"},
        {"a code that is none", "xx", "?"},
        {"a locale of none", "xx-US", "?"},
        {"a region that is none", "en-ZZ", "?"},
        {"a sentence with a code", "no-show", "?"},
        {"a list", "en,fr", "?"},
        {"a list", "en/fr", "?"},
        {"a list", "en fr", "?"},
        {"the end of a locale", "en-", "?"},
        {"two hyphens", "en--US", "?"},
        {"no language in front", "-US", "?"},
        {"a country", "Germany", "?"},
        {"no country in brackets", "English (fluent)", "?"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        if (strcmp(read_as(examples[i].input), examples[i].want) != 0)
            fail_msg("%s: `%s` gives %s, not %s", examples[i].sentence, examples[i].input,
                     read_as(examples[i].input), examples[i].want);
}

static void every_name_of_the_table_is_folded_sorted_and_found(void **state)
{
    (void)state;
    size_t count = 0;
    struct slice before = {"", 0};
    for (const char *cursor = language_names; *cursor; count++) {
        const char *tab = strchr(cursor, '\t');
        struct slice key = slice_make(cursor, (size_t)(tab - cursor));
        int order = memcmp(before.data, key.data, before.len < key.len ? before.len : key.len);
        assert_true(order < 0 || (order == 0 && before.len < key.len));
        struct slice folded = text_name_key(key, &arena);
        const char *got = language_read(key, &arena);
        if (!slice_equal(folded, key) || ((!got || strncmp(got, tab + 1, 2) != 0) && !slice_is(key, "in")))
            fail_msg("%.*s gives %s", (int)key.len, key.data, got ? got : "?");
        before = key;
        cursor = tab + 4;
    }
    assert_true(count > 3000);
}

static void every_language_is_read_by_its_own_name_in_icu(void **state)
{
    (void)state;
    size_t count = 0;
    for (const char *const *code = language_codes; *code; code++) {
        UChar name[256];
        char text[768];
        UErrorCode status = U_ZERO_ERROR;
        uloc_getDisplayLanguage(*code, *code, name, 256, &status);
        if (U_FAILURE(status) || status == U_USING_DEFAULT_WARNING)
            continue;
        u_strToUTF8(text, sizeof text, NULL, name, -1, &status);
        if (strcmp(text, *code) != 0 && strcmp(read_as(text), *code) != 0)
            fail_msg("%s: %s gives %s", *code, text, read_as(text));
        count++;
    }
    assert_true(count > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_language_is_read_from_what_exports_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_name_of_the_table_is_folded_sorted_and_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_language_is_read_by_its_own_name_in_icu, set_up, tear_down),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("language", tests, NULL, NULL);
}
