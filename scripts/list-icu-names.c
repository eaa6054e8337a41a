/* Prints names of ICU's locale data, for scripts/make-countries and make-languages: lines `CODE TAB NAME`.
 *
 *   countries  every country in each of its own languages, and in the main languages of Europe
 *   languages  every language in itself, and in the main languages of Europe
 *   version    ICU's version
 */
#include <stdio.h>
#include <string.h>

#include <unicode/uloc.h>
#include <unicode/ustring.h>
#include <unicode/uvernum.h>

enum { NAME_UNITS_MAX = 256 };

static const char *const languages[] = {"en", "bg", "ca", "cs", "da", "de", "el", "es", "et", "fi",
                                        "fr", "hr", "hu", "it", "lt", "lv", "nb", "nl", "pl", "pt",
                                        "ro", "ru", "sk", "sl", "sr", "sv", "tr", "uk"};

typedef int32_t display_function(const char *locale, const char *in, UChar *name, int32_t size,
                                 UErrorCode *status);

/* Nothing where the language has no name of its own: ICU then gives that of its root, which is the code. */
static void print_name(display_function *display, const char *locale, const char *code, const char *in)
{
    UChar name[NAME_UNITS_MAX];
    char text[NAME_UNITS_MAX * 3];
    UErrorCode status = U_ZERO_ERROR;

    display(locale, in, name, NAME_UNITS_MAX, &status);
    if (U_FAILURE(status) || status == U_USING_DEFAULT_WARNING)
        return;
    u_strToUTF8(text, sizeof text, NULL, name, -1, &status);
    if (U_SUCCESS(status) && strcmp(text, code) != 0)
        printf("%s\t%s\n", code, text);
}

static void print_country(const char *code)
{
    char locale[] = {'u', 'n', 'd', '_', code[0], code[1], '\0'};
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
        print_name(uloc_getDisplayCountry, locale, code, languages[i]);
}

static void print_countries(void)
{
    for (int32_t i = 0; i < uloc_countAvailable(); i++) {
        const char *locale = uloc_getAvailable(i);
        char code[ULOC_COUNTRY_CAPACITY];
        UErrorCode status = U_ZERO_ERROR;
        uloc_getCountry(locale, code, sizeof code, &status);
        if (U_SUCCESS(status) && strlen(code) == 2)
            print_name(uloc_getDisplayCountry, locale, code, locale);
    }
    for (const char *const *code = uloc_getISOCountries(); *code; code++)
        print_country(*code);
    print_country("XK");
}

static void print_languages(void)
{
    for (int32_t i = 0; i < uloc_countAvailable(); i++) {
        const char *locale = uloc_getAvailable(i);
        char code[ULOC_LANG_CAPACITY];
        UErrorCode status = U_ZERO_ERROR;
        uloc_getLanguage(locale, code, sizeof code, &status);
        if (U_SUCCESS(status) && strlen(code) == 2)
            print_name(uloc_getDisplayLanguage, code, code, locale);
    }
    for (const char *const *code = uloc_getISOLanguages(); *code; code++)
        for (size_t i = 0; strlen(*code) == 2 && i < sizeof languages / sizeof *languages; i++)
            print_name(uloc_getDisplayLanguage, *code, *code, languages[i]);
}

int main(int argc, char **argv)
{
    const char *mode = argc == 2 ? argv[1] : "";
    if (strcmp(mode, "countries") == 0)
        print_countries();
    else if (strcmp(mode, "languages") == 0)
        print_languages();
    else if (strcmp(mode, "version") == 0)
        printf("%s\n", U_ICU_VERSION);
    else
        return 2;
    return 0;
}
