/* Text that was decoded wrongly or escaped: what is found, what it probably was, and that names are clean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/text.h"
#include "rules/escapes.h"
#include "rules/mojibake.h"
#include "unit/rules/fixture.h"

enum { ARENA_CHUNK = 65536 };

/* Given names, family names, cities and companies of many languages, and what is written around them. */
static const char *const names[] = {
    /* German, Dutch, Nordic, Icelandic, Estonian, Latvian, Lithuanian */
    "Müller",
    "Groß",
    "Jürgen",
    "Böhm",
    "Käthe",
    "Weiß",
    "Öztürk-Schröder",
    "Düsseldorf",
    "Köln",
    "Zürich",
    "Ýr Þórðardóttir",
    "Guðmundsdóttir",
    "Ægir",
    "Björk",
    "Åse",
    "Øyvind",
    "Søren",
    "Ærø",
    "Århus",
    "Å",
    "Malmö",
    "Jyväskylä",
    "Äijälä",
    "Hämäläinen",
    "Ängström",
    "Åström",
    "Daniël",
    "Citroën",
    "IJsbrand",
    "Õnne",
    "Pärnu",
    "Jüri",
    "Kõrv",
    "Žanis",
    "Jānis Bērziņš",
    "Ģirts",
    "Ķekava",
    "Ļubova",
    "Šiauliai",
    "Žydrūnas",
    "Jonušas",
    "Čiurlionis",
    "Ąžuolas",
    "Įsakymas",
    "Ūla",
    /* French, Spanish, Portuguese, Catalan, Italian, Romanian */
    "François",
    "Hélène",
    "Jérôme",
    "Gaëlle",
    "Loïc",
    "Œuvrard",
    "Cœur",
    "Château-Gaillard",
    "Ñandú",
    "Núñez",
    "Peña",
    "Ibáñez",
    "Güell",
    "Mª José",
    "Nº 5",
    "3º Izq.",
    "1ª Planta",
    "São Paulo",
    "João",
    "Conceição",
    "Irmã Dulce",
    "Maranhão",
    "Brandão",
    "Guimarães",
    "Ângelo",
    "Antônio",
    "Estevão",
    "Goiânia",
    "Castellví",
    "Marçal",
    "Paral·lel",
    "Nicolò",
    "Cantù",
    "Forlì",
    "Niccolò D’Amico",
    "Ștefan",
    "Țepeș",
    "Răzvan",
    "Brânză",
    "Râşnov",
    "Şerban",
    "Ţăran",
    "Răşinari",
    "Brașov",
    "Iași",
    /* Polish, Czech, Slovak, Hungarian, Slovenian, Croatian, Turkish, Azerbaijani, Albanian, Maltese */
    "Łukasz",
    "Małgorzata",
    "Wójcik",
    "Żółć",
    "Gdańsk",
    "Łódź",
    "Święty",
    "Ćwikła",
    "Źródło",
    "Ędward",
    "Wałęsa",
    "Jiří",
    "Dvořák",
    "Šťastný",
    "Čapek",
    "Růžička",
    "Ďuriš",
    "Ľubomír",
    "Dĺžka",
    "Deväť",
    "Päť",
    "Kŕdeľ",
    "Matúš",
    "Tomáš",
    "Křížová",
    "Přemysl Šťávička",
    "Ostrava-Jih",
    "Győr",
    "Székesfehérvár",
    "Erdős",
    "Fűz",
    "Önöd",
    "Žižek",
    "Šubic",
    "Čačak",
    "Đorđe",
    "Dürüm",
    "Gökçe",
    "İbrahim",
    "Işıl",
    "Şükrü",
    "Çiğdem",
    "Ağrı",
    "Ələkbərov",
    "Əli",
    "Gjirokastër",
    "Çelë",
    "Ġużeppi",
    "Ħamrun",
    "Żurrieq",
    /* Vietnamese, Welsh, Irish, Hawaiian, Maori */
    "Nguyễn",
    "Trần Đức",
    "Phạm Thị Hồng",
    "Đặng",
    "Lê Văn Ơn",
    "Hồ Chí Minh",
    "Nhã",
    "Quỳnh",
    "Ưng",
    "Ŵyn",
    "Siân",
    "Ó’Brien",
    "Ní Dhomhnaill",
    "Seán",
    "Máire",
    "Kahoʻolawe",
    "Ngāti",
    /* Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic, Indic, Thai, CJK, Hangul */
    "Γιώργος",
    "Παπαδόπουλος",
    "Αθήνα",
    "Иван",
    "Сергей Рыжов",
    "Санкт-Петербург",
    "Київ",
    "Григорій",
    "Їжак",
    "Єва",
    "Ґудзь",
    "Ђорђевић",
    "Љубе",
    "Ѓорѓи",
    "Раїса",
    "Обухів",
    "Рівне",
    "ГОРІЛКА",
    "Հայկ",
    "Երևան",
    "თბილისი",
    "გიორგი",
    "דוד",
    "ירושלים",
    "محمد",
    "فاطمة",
    "مريم",
    "अमिताभ",
    "দীপা",
    "தமிழ்",
    "สมชาย",
    "กรุงเทพ",
    "王",
    "李小龍",
    "東京都",
    "山田太郎",
    "さくら",
    "カタカナ",
    "김철수",
    "서울",
    /* what is written around names */
    "CAFÉ’S",
    "Irmã’s",
    "“João”",
    "«Irã»",
    "«papá»…",
    "Señor…",
    "José – María",
    "Å—B",
    "Zoë™",
    "CAFÉ™",
    "L’Été",
    "d’Évora",
    "O’Connor",
    "AT&T; Co",
    "R&D",
    "Smith & Sons",
    "Q&A;",
    "Marks & Spencer; Ltd",
    "Why?",
    "Who? Me",
    "Yahoo!",
    "A/B",
    "C++",
    "a<b",
    "x < y > z",
    "5' 11\"",
    "Schäfer ½",
    "Ä’n",
    "20 °C",
    "Düren §5",
    "£5",
    "€uro",
    "ßß",
    "\\o/",
    "C:\\temp",
    "Toys ‘R’ Us",
    "Ben ‚Äpfel‘ Koch",
    "https://example.com/a?b=c&d",
    "example.com/?q",
    "<john>",
};

static void check_clean(struct slice text, struct arena *arena)
{
    const char *encoding;
    struct slice repaired;
    if (mojibake_find(text, arena, &encoding, &repaired))
        fail_msg("%.*s: read as %s, of %.*s", (int)text.len, text.data, encoding, (int)repaired.len,
                 repaired.data ? repaired.data : "");
    enum escape escape = escapes_find(text, arena, &repaired);
    if (escape != ESCAPE_NONE)
        fail_msg("%.*s: escape %d", (int)text.len, text.data, (int)escape);
}

static void names_are_clean(void **state)
{
    (void)state;
    static const char *const forms[] = {"%s", "“%s”", "«%s»", "%s’s", "%s…", "%s–%s", "O’%s", "(%s)"};
    struct arena arena;
    arena_init(&arena, ARENA_CHUNK);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct slice name = slice_from(names[i]), upper = text_upper(name, &arena);
        check_clean(name, &arena);
        check_clean(upper, &arena);
        for (size_t k = 0; k < COUNT(forms); k++) {
            char text[256], capitals[256];
            char *const outs[] = {text, capitals};
            const char *const of[] = {arena_copy(&arena, name).data, arena_copy(&arena, upper).data};
            /* MANHÃ–TARDE and SCHRÃ–DER cannot be told apart. */
            for (size_t j = 0; j < (strstr(forms[k], "–") ? 1 : 2); j++) {
                struct slice head = slice_from(forms[k]);
                const char *mark = strstr(head.data, "%s"), *more = strstr(mark + 2, "%s");
                snprintf(outs[j], sizeof text, "%.*s%s%.*s%s%s", (int)(mark - head.data), head.data, of[j],
                         more ? (int)(more - mark - 2) : 0, mark + 2, more ? of[j] : mark + 2,
                         more ? more + 2 : "");
                check_clean(slice_from(outs[j]), &arena);
            }
        }
    }
    arena_clear(&arena);
}

static void what_was_decoded_wrongly_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *text, *encoding, *repaired;
    } texts[] = {
        {"MÃ¼ller", "windows-1252", "Müller"},
        {"MÃœLLER", "windows-1252", "MÜLLER"},
        {"GÃ–KÇE", "windows-1252", "GÖKÇE"},
        {"Ã–sterreich", "windows-1252", "Österreich"},
        {"CÃ´te d’Or", "windows-1252", "Côte d’Or"},
        {"GarcÃ\u00ada", "windows-1252", "García"},
        {"CittÃ\u00a0", "windows-1252", "Città"},
        {"JoÃ£o", "windows-1252", "João"},
        {"JOÃƒO", "windows-1252", "JOÃO"},
        {"NicolÃ’", "windows-1252", "NicolÒ"},
        {"Oâ€™Brien", "windows-1252", "O’Brien"},
        {"5Âº B", "windows-1252", "5º B"},
        {"Â¡Hola", "windows-1252", "¡Hola"},
        {"DvoÅ™Ã¡k", "windows-1252", "Dvořák"},
        {"GüneÅŸ", "windows-1252", "Güneş"},
        {"Nguyá»…n", "windows-1252", "Nguyễn"},
        {"Ð˜Ð²Ð°Ð½", "windows-1252", "Иван"},
        {"Î‘Î¸Î®Î½Î±", "windows-1252", "Αθήνα"},
        {"çŽ‹", "windows-1252", "王"},
        {"ê¹€", "windows-1252", "김"},
        {"O‚Äôbrien", "macintosh", "O’brien"},
        {"M√ºller", "macintosh", "Müller"},
        {"Garc√≠a", "macintosh", "García"},
        {"–ò–≤–∞–Ω", "macintosh", "Иван"},
        {"MĂĽller", "windows-1250", "Müller"},
        {"Ĺ»aneta", "windows-1250", "Żaneta"},
        {"KOVAÄŚKA", "windows-1250", "KOVAČKA"},
        {"NovĂˇk", "windows-1250", "Novák"},
        {"M├╝ller", "cp850", "Müller"},
        {"OÔÇÖBrien", "cp850", "O’Brien"},
        {"РџСЂРёРІРµС‚", "windows-1251", "Привет"},
        {"MГјller", "windows-1251", "Müller"},
        {"MarÃa", "windows-1252", ""},
        {"CittÃ", "windows-1252", ""},
    };
    struct arena arena;
    arena_init(&arena, ARENA_CHUNK);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct slice text = slice_from(texts[i].text), repaired;
        const char *encoding;
        bool found = mojibake_find(text, &arena, &encoding, &repaired);
        assert_true(text_may_be_escaped(text));
        if (found != (texts[i].encoding != NULL))
            fail_msg("%s: %s", texts[i].text, found ? encoding : "not found");
        if (found && (strcmp(encoding, texts[i].encoding) != 0 || !slice_is(repaired, texts[i].repaired)))
            fail_msg("%s: %s %.*s", texts[i].text, encoding, (int)repaired.len, repaired.data);
    }
    arena_clear(&arena);
}

static void escapes_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum escape escape;
        const char *repaired;
    } texts[] = {
        {"O&#039;Brien", ESCAPE_ENTITY, "O'Brien"},
        {"O&#x27;Brien", ESCAPE_ENTITY, "O'Brien"},
        {"Smith &amp; Sons", ESCAPE_ENTITY, "Smith & Sons"},
        {"O&amp;#039;Brien", ESCAPE_ENTITY, "O'Brien"},
        {"Mu&ntilde;oz", ESCAPE_ENTITY, "Muñoz"},
        {"&Yuml;&yuml;&nbsp;x", ESCAPE_ENTITY, "Ÿÿ x"},
        {"&lstrok;&oacute;d&zacute;", ESCAPE_ENTITY, "łódź"},
        {"&#0;", ESCAPE_NONE, ""},
        {"&#xD800;x", ESCAPE_NONE, ""},
        {"&;", ESCAPE_NONE, ""},
        {"& Co;", ESCAPE_NONE, ""},
        {"<b>Ann</b>", ESCAPE_TAG, ""},
        {"Ann<br/>Lee", ESCAPE_TAG, ""},
        {"<SPAN class=x>Ann", ESCAPE_TAG, ""},
        {"Ann </p>", ESCAPE_TAG, ""},
        {"<b", ESCAPE_NONE, ""},
        {"a <b and c", ESCAPE_NONE, ""},
        {"O\\'Brien", ESCAPE_BACKSLASH, "O'Brien"},
        {"O\\\\'Brien", ESCAPE_BACKSLASH, "O'Brien"},
        {"The \\\"Inn\\\"", ESCAPE_BACKSLASH, "The \"Inn\""},
        {"M\\u00fcller", ESCAPE_BACKSLASH, "Müller"},
        {"M\\xfcller", ESCAPE_BACKSLASH, "Müller"},
        {"M\\303\\274ller", ESCAPE_BACKSLASH, ""},
        {"1 Main St\\nApt 4", ESCAPE_BACKSLASH, "1 Main St Apt 4"},
        {"ACME\\north", ESCAPE_NONE, ""},
        {"A\\B", ESCAPE_NONE, ""},
        {"end\\", ESCAPE_NONE, ""},
        {"Gonz?lez", ESCAPE_QUESTION, ""},
        {"M??ller", ESCAPE_QUESTION, ""},
        {"Fran?ois é?ü", ESCAPE_QUESTION, ""},
        {"a????b", ESCAPE_NONE, ""},
        {"?????", ESCAPE_QUESTION, ""},
        {"?? ???", ESCAPE_QUESTION, ""},
        {"?", ESCAPE_NONE, ""},
        {"5 ??", ESCAPE_NONE, ""},
        {"http://x/a?b", ESCAPE_NONE, ""},
    };
    struct arena arena;
    arena_init(&arena, ARENA_CHUNK);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct slice repaired, text = slice_from(texts[i].text);
        enum escape escape = escapes_find(text, &arena, &repaired);
        if (escape != texts[i].escape)
            fail_msg("%s: escape %d", texts[i].text, (int)escape);
        if (escape != ESCAPE_NONE && !slice_is(repaired, texts[i].repaired))
            fail_msg("%s: %.*s", texts[i].text, (int)repaired.len, repaired.data);
        if (escape != ESCAPE_NONE)
            assert_true(text_may_be_escaped(text));
    }
    arena_clear(&arena);
}

static void names_and_texts_are_looked_at_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        enum field_id field;
        const char *cell, *verdicts;
    } cases[] = {
        {FIELD_LAST_NAME, "MÃ¼ller", "last_name/mojibake(warn)"},
        {FIELD_LAST_NAME, "Gonz?lez", "last_name/mojibake(warn)"},
        {FIELD_LAST_NAME, "M\xc3\xaf\xc2\xbf\xc2\xbdller", "last_name/mojibake(warn)"},
        {FIELD_LAST_NAME, "\xd0\xbf\xd1\x97\xd0\x85", "last_name/mojibake(warn)"},
        {FIELD_CITY, "M&uuml;nchen", "city/mojibake(warn)"},
        {FIELD_EMPLOYER_NAME, "O\\'Brien", "employer_name/mojibake(warn)"},
        {FIELD_LAST_NAME, "CAFÉ’S", ""},
        {FIELD_EXTERNAL_ID, "a?b&amp;c", ""},
        {FIELD_TAX_ID, "A&amp;B", "tax_country/required"},
        {FIELD_POSTAL_CODE, "A?B", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture_map(fixture, cases[i].field, cases[i].cell);
        const char *verdicts = fixture_validate(fixture);
        if (strcmp(verdicts, cases[i].verdicts) != 0)
            fail_msg("%s: %s", cases[i].cell, verdicts);
        fixture_free(fixture);
    }
}

static void the_message_shows_what_it_was(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_LAST_NAME, "MÃƒÂ¼ller");
    assert_string_equal(fixture_validate(fixture), "last_name/mojibake(warn)");
    struct slice message = fixture->record.verdicts[0].message;
    assert_non_null(memmem(message.data, message.len, "it was probably \"Müller\"", 25));
    assert_string_equal(fixture_value(fixture, FIELD_LAST_NAME), "MÃƒÂ¼ller");
    fixture_free(fixture);
}

static void a_rule_sets_the_level(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_CITY, "MÃ¼nchen");
    fixture_rule(fixture, JOB_RULE_LEVEL, FIELD_CITY)->name = RULE_MOJIBAKE;
    assert_string_equal(fixture_validate(fixture), "city/mojibake");
    fixture_free(fixture);

    fixture = fixture_new();
    fixture_map(fixture, FIELD_EMAIL, "a@example.com");
    fixture_rule(fixture, JOB_RULE_LEVEL, FIELD_EMAIL)->name = RULE_MOJIBAKE;
    assert_false(fixture_build(fixture));
    assert_non_null(strstr(fixture->error.text, "email is not a name or a text"));
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_clean),
        cmocka_unit_test(what_was_decoded_wrongly_is_found),
        cmocka_unit_test(escapes_are_found),
        cmocka_unit_test(names_and_texts_are_looked_at_and_nothing_else),
        cmocka_unit_test(the_message_shows_what_it_was),
        cmocka_unit_test(a_rule_sets_the_level),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("mojibake", tests, NULL, NULL);
}
