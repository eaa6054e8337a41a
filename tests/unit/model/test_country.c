#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "core/text.h"
#include "model/country.h"
#include "model/country_table.h"

enum { ARENA_CHUNK = 64 * 1024 };

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_CHUNK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

/* The alpha-2 code, `?` for unknown, `*` for ambiguous. */
static const char *read_as(struct slice text)
{
    const struct country *country = NULL;
    const char *names = NULL;
    switch (country_read(text, &arena, &country, &names)) {
    case COUNTRY_FOUND:
        return country->alpha2;
    case COUNTRY_AMBIGUOUS:
        assert_non_null(names);
        return "*";
    case COUNTRY_UNKNOWN:
        break;
    }
    return "?";
}

struct example {
    const char *sentence, *input, *want;
};

static void check_examples(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = read_as(slice_from(examples[i].input));
        if (strcmp(got, examples[i].want) != 0)
            fail_msg("%s: `%s` gives %s, not %s", examples[i].sentence, examples[i].input, got,
                     examples[i].want);
    }
}

static void a_country_is_read_from_its_codes(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"alpha-2", "DE", "DE"},
        {"alpha-2 in lower case", "de", "DE"},
        {"the first code", "AD", "AD"},
        {"the last code", "ZW", "ZW"},
        {"a code that is not assigned", "ZZ", "?"},
        {"the codes AN and EU are not ISO's", "AN", "?"},
        {"the European Union is no country", "EU", "?"},
        {"alpha-3", "GBR", "GB"},
        {"alpha-3 in mixed case", "gBr", "GB"},
        {"the first alpha-3", "ABW", "AW"},
        {"the last alpha-3", "ZWE", "ZW"},
        {"an alpha-3 that is not assigned", "ZZZ", "?"},
        {"numeric", "276", "DE"},
        {"numeric with zeros", "004", "AF"},
        {"the last numeric", "894", "ZM"},
        {"numeric without its zeros is not guessed", "4", "?"},
        {"a number that is not assigned", "999", "?"},
        {"not available is not Namibia", "N/A", "?"},
        {"nor is it with points", "N.A.", "?"},
        {"nothing", "", "?"},
        {"nothing but punctuation", "--", "?"},
        {"bytes beside the letters", "@[", "?"},
        {"bytes beside the small letters", "`{", "?"},
    };
    check_examples(examples, sizeof examples / sizeof *examples);
}

static void a_country_is_read_from_the_names_that_exports_use(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"short English name", "Germany", "DE"},
        {"case aside", "gERMANY", "DE"},
        {"accents aside", "Côte d'Ivoire", "CI"},
        {"without its accents", "Cote d Ivoire", "CI"},
        {"a typographic apostrophe", "Côte d’Ivoire", "CI"},
        {"hyphen or blank", "Guinea Bissau", "GW"},
        {"the hyphen that is usual", "Guinea-Bissau", "GW"},
        {"leading The", "The Gambia", "GM"},
        {"leading The in capitals", "THE NETHERLANDS", "NL"},
        {"The behind a comma", "Bahamas, The", "BS"},
        {"no other word starts with the", "Thailand", "TH"},
        {"St. for Saint", "St. Lucia", "LC"},
        {"St without the point", "St Lucia", "LC"},
        {"Saint in full", "Saint Lucia", "LC"},
        {"ST. in capitals", "ST. KITTS AND NEVIS", "KN"},
        {"and as a sign", "St. Vincent & the Grenadines", "VC"},
        {"and as a sign", "Bosnia & Herzegovina", "BA"},
        {"abbreviation", "U.S.A.", "US"},
        {"abbreviation with blanks", "U. S. A.", "US"},
        {"abbreviation", "U.K.", "GB"},
        {"UK, whose code is GB", "UK", "GB"},
        {"UK in small letters", "uk", "GB"},
        {"common", "Great Britain", "GB"},
        {"a part of the kingdom", "Northern Ireland", "GB"},
        {"the other part of the island", "Ireland", "IE"},
        {"common", "Russia", "RU"},
        {"ISO's inverted name", "Iran, Islamic Republic of", "IR"},
        {"the same turned round", "Islamic Republic of Iran", "IR"},
        {"the same in brackets", "Iran (Islamic Republic of)", "IR"},
        {"common", "Iran", "IR"},
        {"former", "Swaziland", "SZ"},
        {"former", "Burma", "MM"},
        {"former", "Czech Republic", "CZ"},
        {"former", "Macedonia", "MK"},
        {"translated by its users", "Ivory Coast", "CI"},
        {"German", "Deutschland", "DE"},
        {"German", "Türkei", "TR"},
        {"German without umlauts", "Tuerkei", "TR"},
        {"German with sharp s", "Weißrussland", "BY"},
        {"German with its capital umlaut", "ÄGYPTEN", "EG"},
        {"Turkish", "Türkiye", "TR"},
        {"Spanish", "España", "ES"},
        {"Spanish", "Estados Unidos de América", "US"},
        {"French", "États-Unis", "US"},
        {"French", "Royaume-Uni", "GB"},
        {"Italian", "Regno Unito", "GB"},
        {"Portuguese", "Países Baixos", "NL"},
        {"Dutch", "Verenigd Koninkrijk", "GB"},
        {"Polish with its letter", "Białoruś", "BY"},
        {"Polish without it", "Bialorus", "BY"},
        {"Cyrillic", "РОССИЯ", "RU"},
        {"a letter that decomposes", "A\xcc\x8aland Islands", "AX"},
        {"the French part", "Saint Martin", "MF"},
        {"the Dutch part", "Sint Maarten", "SX"},
        {"the Dutch part, half translated", "St. Maarten", "SX"},
        {"not Guinea-Bissau", "Guinea", "GN"},
        {"not American Samoa", "Samoa", "WS"},
        {"not Nigeria", "Niger", "NE"},
        {"not the Dominican Republic", "Dominica", "DM"},
        {"not South Sudan", "Sudan", "SD"},
        {"Kinshasa's", "DR Congo", "CD"},
        {"Brazzaville's", "Republic of the Congo", "CG"},
        {"the south", "Republic of Korea", "KR"},
        {"the north", "Korea, Democratic People's Republic of", "KP"},
        {"no country", "Atlantis", "?"},
        {"a continent", "America", "?"},
        {"a person", "Man", "?"},
        {"the beginning of a name", "Germa", "?"},
        {"a name with more behind it", "Germanyy", "?"},
        {"two countries", "France Germany", "?"},
        {"only The", "The", "?"},
        {"only St.", "St.", "?"},
        {"not UTF-8's first letter", "Ωmega", "?"},
    };
    check_examples(examples, sizeof examples / sizeof *examples);
}

static void a_name_that_several_countries_share_is_ambiguous(void **state)
{
    (void)state;
    static const struct {
        const char *input, *names;
    } examples[] = {
        {"Congo", "Congo (CG), Congo, The Democratic Republic of the (CD)"},
        {"the congo", "Congo (CG), Congo, The Democratic Republic of the (CD)"},
        {"Korea", "South Korea (KR), North Korea (KP)"},
        {"Corée", "South Korea (KR), North Korea (KP)"},
        {"Virgin Islands", "Virgin Islands, British (VG), Virgin Islands, U.S. (VI)"},
        {"Guiana", "French Guiana (GF), Guyana (GY), Suriname (SR)"},
        {"Republic of China", "China (CN), Taiwan (TW)"},
        {"Czechoslovakia", "Czechia (CZ), Slovakia (SK)"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct country *country = NULL;
        const char *names = NULL;
        assert_int_equal(country_read(slice_from(examples[i].input), &arena, &country, &names),
                         COUNTRY_AMBIGUOUS);
        assert_string_equal(names, examples[i].names);
    }
}

static void every_country_is_found_by_each_of_its_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTRY_COUNT; i++) {
        const struct country *country = &country_table[i];
        assert_ptr_equal(country_by_alpha2(slice_from(country->alpha2)), country);
        assert_string_equal(read_as(slice_from(country->alpha2)), country->alpha2);
        assert_string_equal(read_as(slice_from(country->alpha3)), country->alpha2);
        if (country->numeric[0])
            assert_string_equal(read_as(slice_from(country->numeric)), country->alpha2);
        const char *by_name = read_as(slice_from(country->name));
        if (strcmp(country->name, "Congo") == 0)
            assert_string_equal(by_name, "*");
        else
            assert_string_equal(by_name, country->alpha2);
    }
}

static void every_name_of_the_table_is_folded_and_found(void **state)
{
    (void)state;
    size_t count = 0;
    struct slice before = {"", 0};
    for (const char *cursor = country_names; *cursor != '\0'; count++) {
        const char *tab = strchr(cursor, '\t');
        struct slice key = slice_make(cursor, (size_t)(tab - cursor));
        int order = memcmp(before.data, key.data, before.len < key.len ? before.len : key.len);
        assert_true(order < 0 || (order == 0 && before.len < key.len));

        struct slice folded = text_fold_name(key, &arena);
        if (!slice_equal(folded, key))
            fail_msg("%.*s folds to %.*s", (int)key.len, key.data, (int)folded.len, folded.data);
        bool ambiguous = tab[1] == '*';
        assert_true(ambiguous || country_by_alpha2(slice_make(tab + 1, 2)));
        if (key.len > 3 && strncmp(read_as(key), tab + 1, ambiguous ? 1 : 2) != 0)
            fail_msg("%.*s gives %s", (int)key.len, key.data, read_as(key));
        before = key;
        cursor = tab + 4;
    }
    assert_true(count > 2000);
}

/* The generator folds in Perl, the program in C: every name of the alias file must come out the same. */
static void check_file(const char *path, size_t expected)
{
    FILE *file = fopen(path, "r");
    if (!file)
        skip();
    static char line[16 * 1024];
    size_t count = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        bool ambiguous = line[0] == '?';
        const char *code = line[0] == '=' ? line + 1 : line;
        char *names = strchr(line, ' ');
        if (ambiguous)
            *strstr(names, " = ") = '\0';
        char *rest = names;
        for (char *name; (name = strsep(&rest, "|"));) {
            name += strspn(name, " ");
            size_t len = strlen(name);
            while (len > 0 && name[len - 1] == ' ')
                len--;
            const char *got = read_as(slice_make(name, len));
            if (ambiguous ? got[0] != '*' : strncmp(got, code, 2) != 0)
                fail_msg("%.*s gives %s; line: %.20s", (int)len, name, got, line);
            count++;
        }
    }
    fclose(file);
    assert_true(count > expected);
}

static void every_alias_is_read_as_the_file_says(void **state)
{
    (void)state;
    check_file("scripts/country-aliases.txt", 500);
}

static void every_demonym_is_read_as_the_file_says(void **state)
{
    (void)state;
    check_file("scripts/country-demonyms.txt", 240);
}

/* A demonym is worth nothing for most countries if it is missing for some: those without one are listed. */
static void every_country_has_a_demonym_but_these(void **state)
{
    (void)state;
    static const char without[] = "AQ BQ BV CD CG DM GS HM IO MF MP SJ SX TF UM YT ";
    FILE *file = fopen("scripts/country-demonyms.txt", "r");
    if (!file)
        skip();
    static char text[64 * 1024];
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < COUNTRY_COUNT; i++) {
        const char *alpha2 = country_table[i].alpha2;
        char line[] = {'\n', alpha2[0], alpha2[1], ' ', '\0'}, code[] = {alpha2[0], alpha2[1], ' ', '\0'};
        if (!strstr(text, line) != !!strstr(without, code))
            fail_msg("%s", country_table[i].alpha2);
    }
}

static void a_code_and_a_name_together_must_agree(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"code, name in brackets", "SE (Sweden)", "SE"},
        {"name, code in brackets", "Sweden (SE)", "SE"},
        {"three letters", "Sweden [SWE]", "SE"},
        {"a hyphen", "SE - Sweden", "SE"},
        {"a dash", "SE \xe2\x80\x93 Sverige", "SE"},
        {"the code at the end", "Sweden - SE", "SE"},
        {"a colon", "SE: Sweden", "SE"},
        {"a comma", "Sweden, SE", "SE"},
        {"a number", "752 - Sweden", "SE"},
        {"the code decides what the name leaves open", "CD - Congo", "CD"},
        {"the code decides between Koreas", "Korea (KR)", "KR"},
        {"another country's code", "Sweden (CH)", "*"},
        {"a US state's code is Angola's, not Georgia's", "Georgia (US)", "*"},
        {"a code beside a name that is others'", "Korea (SE)", "*"},
        {"two codes", "SE - NO", "*"},
        {"a name that is none", "SE (Swelen)", "?"},
        {"a code that is none", "Sweden (QX)", "?"},
        {"two names", "Sweden (Norway)", "?"},
        {"a list is not a country", "US / GB", "?"},
        {"brackets alone", "(SE)", "?"},
        {"nothing in brackets", "Sweden ()", "SE"},
        {"no opening bracket", "Sweden)", "SE"},
    };
    check_examples(examples, sizeof examples / sizeof *examples);
    const struct country *country = NULL;
    const char *names = NULL;
    assert_int_equal(country_read(slice_from("CH (Sweden)"), &arena, &country, &names), COUNTRY_AMBIGUOUS);
    assert_string_equal(names, "Switzerland (CH), Sweden (SE)");
}

static void nationals_are_read_by_what_they_are_called(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"a demonym", "American", "US"},
        {"of four nations", "british", "GB"},
        {"of a part", "Northern Irish", "GB"},
        {"not of its neighbour", "Irish", "IE"},
        {"Niger", "Nigerien", "NE"},
        {"Nigeria", "Nigerian", "NG"},
        {"with an accent", "R\u00e9unionese", "RE"},
        {"Guinea", "Guinean", "GN"},
        {"the other Guineas", "Equatorial Guinean", "GQ"},
        {"with a hyphen", "Bissau-Guinean", "GW"},
        {"far from Guinea", "Papua New Guinean", "PG"},
        {"Samoa", "Samoan", "WS"},
        {"as GOV.UK writes it", "Citizen of the Dominican Republic", "DO"},
        {"Dominica or the Dominican Republic", "Dominican", "*"},
        {"one of two Congos", "Congolese", "*"},
        {"one of two Koreas", "korean", "*"},
        {"which one is said", "South Korean", "KR"},
        {"an ethnic group", "American Indian", "*"},
        {"no country", "Stateless", "?"},
        {"no country", "European", "?"},
        {"no country", "African", "?"},
    };
    check_examples(examples, sizeof examples / sizeof *examples);
}

static void kosovo_has_the_codes_that_are_used_for_it(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"two letters", "XK", "XK"},       {"three letters", "xkx", "XK"},
        {"a name", "Kosovo", "XK"},        {"its own name", "Kosov\u00eb", "XK"},
        {"its other own", "Косово", "XK"}, {"of the bank", "RKS", "XK"},
        {"a demonym", "Kosovan", "XK"},    {"both", "Kosovo (XK)", "XK"},
    };
    check_examples(examples, sizeof examples / sizeof *examples);
    assert_false(country_in_iso(country_by_alpha2(slice_from("XK"))));
    assert_true(country_in_iso(country_by_alpha2(slice_from("RS"))));
    assert_string_equal(read_as(slice_from("")), "?");
}

static void names_in_their_own_language_are_read(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"German", "Deutschland", "DE"},
        {"Spanish", "Espa\u00f1a", "ES"},
        {"Polish", "Polska", "PL"},
        {"Japanese", "\u65e5\u672c", "JP"},
        {"Russian", "Россия", "RU"},
        {"Greek", "Ελλάδα", "GR"},
        {"Korean", "대한민국", "KR"},
        {"Arabic", "مصر", "EG"},
        {"Hebrew", "ישראל", "IL"},
        {"Georgian", "საქართველო", "GE"},
        {"Armenian", "Հայաստան", "AM"},
        {"Thai", "ไทย", "TH"},
        {"Hungarian", "Magyarorsz\u00e1g", "HU"},
        {"Finnish", "Suomi", "FI"},
        {"German for Japan", "Japan", "JP"},
        {"Spanish for Germany", "Alemania", "DE"},
        {"French for Germany", "Allemagne", "DE"},
        {"Polish for Germany", "Niemcy", "DE"},
        {"Czech for Austria", "Rakousko", "AT"},
        {"Hungarian for Italy", "Olaszorsz\u00e1g", "IT"},
    };
    check_examples(examples, sizeof examples / sizeof *examples);
}

/* What ICU calls a country in a language of it is that country, or it is left open. */
static void every_own_name_of_icu_is_read(void **state)
{
    (void)state;
    size_t count = 0;
    for (int32_t i = 0; i < uloc_countAvailable(); i++) {
        char region[ULOC_COUNTRY_CAPACITY], text[512];
        UChar name[256];
        UErrorCode status = U_ZERO_ERROR;
        const char *locale = uloc_getAvailable(i);
        uloc_getCountry(locale, region, sizeof region, &status);
        uloc_getDisplayCountry(locale, locale, name, 256, &status);
        u_strToUTF8(text, sizeof text, NULL, name, -1, &status);
        if (U_FAILURE(status) || strlen(region) != 2 || !country_by_alpha2(slice_from(region)))
            continue;
        const char *got = read_as(slice_from(text));
        if (strcmp(got, region) != 0 && strcmp(got, "*") != 0)
            fail_msg("%s in %s, %s, gives %s", region, locale, text, got);
        count++;
    }
    assert_true(count > 400);
}

static void an_unknown_name_has_a_nearest_one(void **state)
{
    (void)state;
    static const struct {
        const char *input, *want;
    } examples[] = {
        {"Germny", "DE"},  {"Amercian", "US"},   {"Unted Kingdom", "GB"},
        {"Spian", "ES"},   {"Swizerland", "CH"}, {"Wizard", NULL},
        {"Other", NULL},   {"Unknown", NULL},    {"Stateless", NULL},
        {"Mrs", NULL},     {"x", NULL},          {"", NULL},
        {"US / GB", NULL}, {"Mars", NULL},       {"n/a", NULL},
        {"Koreaa", NULL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct country *country = country_nearest(slice_from(examples[i].input), &arena);
        const char *got = country ? country->alpha2 : NULL;
        if (!got != !examples[i].want || (got && strcmp(got, examples[i].want) != 0))
            fail_msg("%s: %s", examples[i].input, got ? got : "none");
    }
}

static void codes_are_looked_up_in_capitals_only(void **state)
{
    (void)state;
    assert_null(country_by_alpha2(slice_from("de")));
    assert_null(country_by_alpha2(slice_from("D")));
    assert_null(country_by_alpha2(slice_from("DEU")));
    assert_null(country_by_alpha2(slice_from("")));
    assert_null(country_by_alpha2(slice_from("\xc3\x84")));
}

static void the_economic_area_has_thirty_members(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < COUNTRY_COUNT; i++)
        count += country_in_eea(&country_table[i]);
    assert_int_equal(count, 30);
    assert_true(country_in_eea(country_by_alpha2(slice_from("NO"))));
    assert_false(country_in_eea(country_by_alpha2(slice_from("CH"))));
    assert_false(country_in_eea(country_by_alpha2(slice_from("GB"))));
}

static void a_state_of_the_us_is_read_from_code_or_name(void **state)
{
    (void)state;
    static const struct {
        const char *input, *want;
    } examples[] = {
        {"CA", "CA"},
        {"ca", "CA"},
        {"California", "CA"},
        {"NEW YORK", "NY"},
        {"New  York", "NY"},
        {"district of columbia", "DC"},
        {"D.C.", "DC"},
        {"Washington, D.C.", "DC"},
        {"Washington", "WA"},
        {"Virginia", "VA"},
        {"West Virginia", "WV"},
        {"Puerto Rico", "PR"},
        {"U.S. Virgin Islands", "VI"},
        {"Guam", "GU"},
        {"AE", "AE"},
        {"Armed Forces Pacific", "AP"},
        {"ZZ", NULL},
        {"New", NULL},
        {"New York City", NULL},
        {"", NULL},
        {"Ontario", NULL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const char *got = country_us_state(slice_from(examples[i].input), &arena);
        if (examples[i].want ? !got || strcmp(got, examples[i].want) != 0 : got != NULL)
            fail_msg("%s gives %s", examples[i].input, got ? got : "nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_country_is_read_from_its_codes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_country_is_read_from_the_names_that_exports_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_that_several_countries_share_is_ambiguous, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_country_is_found_by_each_of_its_codes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_name_of_the_table_is_folded_and_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_alias_is_read_as_the_file_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_demonym_is_read_as_the_file_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_country_has_a_demonym_but_these, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_code_and_a_name_together_must_agree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nationals_are_read_by_what_they_are_called, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kosovo_has_the_codes_that_are_used_for_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_in_their_own_language_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_own_name_of_icu_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_name_has_a_nearest_one, set_up, tear_down),
        cmocka_unit_test(codes_are_looked_up_in_capitals_only),
        cmocka_unit_test(the_economic_area_has_thirty_members),
        cmocka_unit_test_setup_teardown(a_state_of_the_us_is_read_from_code_or_name, set_up, tear_down),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("country", tests, NULL, NULL);
}
