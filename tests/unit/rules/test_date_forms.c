#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/date_forms.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { FORMS_MAX = 3, ROUNDS = 20000, FORM_SIZE = DATE_FORMAT_LEN_MAX + 1, TEXT_SIZE = 128 };

/* formats: NULL-terminated; without one ISO alone. want: as YYYY-MM-DD, with DATE_OK. */
static void check(const char *sentence, const char *const *formats, const char *locale, unsigned century,
                  const char *text, enum date_result want_result, const char *want)
{
    struct arena arena;
    struct date_settings settings = {.formats = formats, .locale = locale, .century = century};
    const struct date_forms *forms = NULL;
    struct date_reading reading;
    size_t at;
    const char *fault;
    arena_init(&arena, 65536);
    while (formats[settings.format_count])
        settings.format_count++;
    if (settings.format_count)
        forms = date_forms_new(&settings, &arena, &at, &fault);
    if (settings.format_count && !forms)
        fail_msg("%s: %s: %s", sentence, formats[at], fault);
    enum date_result result = date_forms_read(forms, slice_from(text), &reading);
    if (result != want_result)
        fail_msg("%s: `%s`: result %d", sentence, text, (int)result);
    if (result == DATE_OK) {
        char written[DATE_TEXT_LEN];
        date_write(reading.date, written);
        if (!slice_is(slice_make(written, sizeof written), want))
            fail_msg("%s: `%s`: %.10s", sentence, text, written);
    }
    arena_clear(&arena);
}

static void dates_are_read_by_the_documented_rules(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *format, *text;
        enum date_result result;
        const char *want;
    } cases[] = {
        {"ISO", NULL, "1990-02-28", DATE_OK, "1990-02-28"},
        {"ISO without hyphens", NULL, "19900228", DATE_OK, "1990-02-28"},
        {"a date-time", NULL, "1990-02-28T23:59:59Z", DATE_OK, "1990-02-28"},
        {"a date-time with a blank", NULL, "1990-02-28 00:00:00.000", DATE_OK, "1990-02-28"},
        {"a date-time without seconds", NULL, "1990-02-28T00:00", DATE_OK, "1990-02-28"},
        {"a date-time with an offset", NULL, "1990-02-28T23:00:00+05:30", DATE_OK, "1990-02-28"},
        {"a basic date-time", NULL, "19900228T000000Z", DATE_OK, "1990-02-28"},
        {"a date-time in UTC by name", NULL, "1990-02-28 23:00:00 UTC", DATE_OK, "1990-02-28"},
        {"in GMT", NULL, "1990-02-28T23:00:00GMT", DATE_OK, "1990-02-28"},
        {"another zone by name", NULL, "1990-02-28 23:00:00 EST", DATE_UNREADABLE, NULL},
        {"an offset of GMT", NULL, "1990-02-28 23:00:00 GMT+0100", DATE_UNREADABLE, NULL},
        {"a name that breaks off", NULL, "1990-02-28 23:00:00 UT", DATE_UNREADABLE, NULL},
        {"an impossible time", NULL, "1990-02-28T25:00", DATE_UNREADABLE, NULL},
        {"a minute after the end of the day", NULL, "1990-02-28T24:01", DATE_UNREADABLE, NULL},
        {"an offset without its minutes", NULL, "1990-02-28T20:00+05:", DATE_UNREADABLE, NULL},
        {"an impossible offset", NULL, "1990-02-28T20:00:00+5", DATE_UNREADABLE, NULL},
        {"a tail", NULL, "1990-02-28x", DATE_UNREADABLE, NULL},
        {"a date-time that breaks off", NULL, "1990-02-28T", DATE_UNREADABLE, NULL},
        {"a leap day", NULL, "2000-02-29", DATE_OK, "2000-02-29"},
        {"a leap day of a common year", NULL, "1999-02-29", DATE_IMPOSSIBLE, NULL},
        {"a leap day of a century", NULL, "1900-02-29", DATE_IMPOSSIBLE, NULL},
        {"the 30th of February", NULL, "1990-02-30", DATE_IMPOSSIBLE, NULL},
        {"the 31st of April", NULL, "1990-04-31", DATE_IMPOSSIBLE, NULL},
        {"the 31st of December", NULL, "1990-12-31", DATE_OK, "1990-12-31"},
        {"month 13", NULL, "1990-13-01", DATE_IMPOSSIBLE, NULL},
        {"month 0", NULL, "1990-00-01", DATE_IMPOSSIBLE, NULL},
        {"day 0", NULL, "1990-01-00", DATE_IMPOSSIBLE, NULL},
        {"year 0", NULL, "0000-01-01", DATE_IMPOSSIBLE, NULL},
        {"one digit too few", NULL, "1990-2-28", DATE_UNREADABLE, NULL},
        {"one hyphen", NULL, "1990-0228", DATE_UNREADABLE, NULL},
        {"nothing", NULL, "", DATE_UNREADABLE, NULL},
        {"a word", NULL, "yesterday", DATE_UNREADABLE, NULL},
        {"two readings", NULL, "03/04/1990", DATE_AMBIGUOUS, NULL},
        {"two readings with dots", NULL, "3.4.1990", DATE_AMBIGUOUS, NULL},
        {"one reading, but of no form", NULL, "31/12/1990", DATE_UNREADABLE, NULL},
        {"two readings of one day", NULL, "05/05/1990", DATE_UNREADABLE, NULL},
        {"by format", "DD/MM/YYYY", "03/04/1990", DATE_OK, "1990-04-03"},
        {"by the other format", "MM/DD/YYYY", "03/04/1990", DATE_OK, "1990-03-04"},
        {"impossible by format", "DD/MM/YYYY", "12/31/1990", DATE_IMPOSSIBLE, NULL},
        {"no zero where the format has one", "DD/MM/YYYY", "3/4/1990", DATE_UNREADABLE, NULL},
        {"no zero where the format has none", "D.M.YYYY", "3.4.1990", DATE_OK, "1990-04-03"},
        {"a zero where the format has none", "D.M.YYYY", "03.12.1990", DATE_OK, "1990-12-03"},
        {"another separator", "DD/MM/YYYY", "03-04-1990", DATE_UNREADABLE, NULL},
        {"a tail after a format", "DD/MM/YYYY", "03/04/19900", DATE_UNREADABLE, NULL},
        {"ISO beside a format", "DD/MM/YYYY", "1990-04-03", DATE_OK, "1990-04-03"},
        {"ISO without hyphens beside a format", "DD/MM/YYYY", "19900403", DATE_OK, "1990-04-03"},
        {"digits alone are by the format alone", "DDMMYYYY", "03041990", DATE_OK, "1990-04-03"},
        {"digits alone are never two things", "DDMMYYYY", "19900403", DATE_IMPOSSIBLE, NULL},
        {"the year first, then the day", "YYYY-DD-MM", "1990-03-04", DATE_OK, "1990-04-03"},
        {"no ISO beside that", "YYYY-DD-MM", "1990-03-04T00:00", DATE_UNREADABLE, NULL},
        {"slashes", "YYYY/MM/DD", "1990/04/03", DATE_OK, "1990-04-03"},
        {"a time by format", "M/D/YYYY h:mm:ss A", "2/13/1980 12:00:00 AM", DATE_OK, "1980-02-13"},
        {"a half day's hour of 0", "M/D/YYYY h:mm:ss A", "2/13/1980 0:00:00 AM", DATE_UNREADABLE, NULL},
        {"a half day's hour of 13", "M/D/YYYY h:mm:ss A", "2/13/1980 13:00:00 PM", DATE_UNREADABLE, NULL},
        {"AM with dots", "M/D/YYYY h:mm:ss A", "2/13/1980 12:00:00 a.m.", DATE_OK, "1980-02-13"},
        {"AM with a blank", "D/M/YYYY h:mm:ss a", "13/2/1980 12:00:00 P. M.", DATE_OK, "1980-02-13"},
        {"AM with one dot", "M/D/YYYY h:mm:ss A", "2/13/1980 12:00:00 A.M", DATE_UNREADABLE, NULL},
        {"half of AM", "M/D/YYYY h:mm:ss A", "2/13/1980 12:00:00 A", DATE_UNREADABLE, NULL},
        {"neither AM nor PM", "M/D/YYYY h:mm:ss A", "2/13/1980 12:00:00 XM", DATE_UNREADABLE, NULL},
        {"a minute of 60 by format", "DD.MM.YYYY HH:mm", "13.02.1980 10:60", DATE_UNREADABLE, NULL},
        {"no time where the format has one", "DD.MM.YYYY HH:mm", "13.02.1980", DATE_UNREADABLE, NULL},
        {"a fraction and an offset by format", "DD.MM.YYYY HH:mm:ss.SSS Z", "13.02.1980 00:00:00.000 +01:00",
         DATE_OK, "1980-02-13"},
        {"a T by format", "DD.MM.YYYYTHH:mm", "13.02.1980T00:00", DATE_OK, "1980-02-13"},
        {"a format in Japanese", "YYYY年M月D日", "1990年4月3日", DATE_OK, "1990-04-03"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *formats[] = {cases[i].format, NULL};
        check(cases[i].sentence, formats, NULL, 0, cases[i].text, cases[i].result, cases[i].want);
    }
}

static void a_month_is_read_by_its_names(void **state)
{
    (void)state;
    static const struct {
        const char *format, *locale, *text, *want; /* NULL: not a date by it */
    } cases[] = {
        {"DD-MMM-YYYY", NULL, "12-Jan-1980", "1980-01-12"},
        {"DD-MMM-YYYY", NULL, "12-JAN-1980", "1980-01-12"},
        {"DD-MMM-YYYY", NULL, "12-jan.-1980", "1980-01-12"},
        {"DD MMMM YYYY", NULL, "03 March 1981", "1981-03-03"},
        {"D MMM YYYY", NULL, "3 Sept. 1981", "1981-09-03"},
        {"MMM D, YYYY", NULL, "Dec 25, 1990", "1990-12-25"},
        {"MMMM D, YYYY", NULL, "december 25, 1990", "1990-12-25"},
        {"DDMMMYYYY", NULL, "02JAN1980", "1980-01-02"},
        {"DD.MMM.YYYY", NULL, "02.Jan.1980", "1980-01-02"},
        {"DD.MMM.YYYY", NULL, "02.Jan..1980", "1980-01-02"},
        {"DD MMM YYYY", NULL, "12 Jn 1980", NULL},
        {"DD MMM YYYY", NULL, "12 01 1980", NULL},
        {"DD MMM YYYY", NULL, "12 Okt 1980", NULL},
        {"DD MMM YYYY", NULL, "12 Januar 1980", NULL},
        {"DD MMM YYYY", NULL, "12  1980", NULL},
        {"D. MMMM YYYY", "de", "3. M\xc3\xa4rz 1980", "1980-03-03"},
        {"D. MMMM YYYY", "de", "3. Ma\xcc\x88rz 1980", "1980-03-03"},
        {"D. MMMM YYYY", "de", "3. M\xc3\x84RZ 1980", "1980-03-03"},
        {"D. MMM YYYY", "de", "3. Mrz 1980", "1980-03-03"},
        {"D. MMM YYYY", "de", "3. M\xc3\xa4r. 1980", "1980-03-03"},
        {"D. MMM YYYY", "de", "3. J\xc3\xa4nner 1980", "1980-01-03"},
        {"D.MMM.YYYY", "de_DE", "3.Dez.1980", "1980-12-03"},
        {"D. MMM YYYY", "de", "3. Oct 1980", NULL},
        {"D MMM YYYY", "fr", "3 f\xc3\xa9vr. 1980", "1980-02-03"},
        {"D MMM YYYY", "fr-CA", "3 F\xc3\x89VRIER 1980", "1980-02-03"},
        {"D MMM YYYY", "fr", "3 aout 1980", "1980-08-03"},
        {"D MMM YYYY", "fr", "3 jui 1980", NULL}, /* juin or juillet */
        {"D MMMM YYYY", "tr", "3 MAYIS 1980", "1980-05-03"},
        {"D MMMM YYYY", "pl", "3 listopada 1980", "1980-11-03"},
        {"D MMMM YYYY", "hr", "3 listopada 1980", "1980-10-03"},
        {"D MMMM YYYY", "ru", "3 \xd0\xbc\xd0\xb0\xd1\x8f 1980", "1980-05-03"},
        {"D MMMM YYYY", "de", "3 M\xff 1980", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *formats[] = {cases[i].format, NULL};
        check("a month's name", formats, cases[i].locale, 0, cases[i].text,
              cases[i].want ? DATE_OK : DATE_UNREADABLE, cases[i].want);
    }
}

static void two_digits_of_a_year_are_within_the_window(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        unsigned century;
        const char *text, *want;
    } cases[] = {
        {"MM/DD/YY", 1930, "12/31/80", "1980-12-31"},   {"MM/DD/YY", 1930, "06/30/07", "2007-06-30"},
        {"MM/DD/YY", 1930, "06/30/30", "1930-06-30"},   {"MM/DD/YY", 1930, "06/30/29", "2029-06-30"},
        {"MM/DD/YY", 1900, "06/30/00", "1900-06-30"},   {"MM/DD/YY", 1900, "06/30/99", "1999-06-30"},
        {"MM/DD/YY", 1999, "06/30/99", "1999-06-30"},   {"MM/DD/YY", 1999, "06/30/98", "2098-06-30"},
        {"DD-MMM-YY", 1930, "13-FEB-80", "1980-02-13"}, {"YYMMDD", 1930, "800213", "1980-02-13"},
        {"MM/DD/YY", 1930, "12/31/1980", NULL},         {"MM/DD/YY", 1930, "12/31/8", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *formats[] = {cases[i].format, NULL};
        check("a short year", formats, NULL, cases[i].century, cases[i].text,
              cases[i].want ? DATE_OK : DATE_UNREADABLE, cases[i].want);
    }
    /* A leap day is one of the century that the window gives. */
    check("2000", (const char *[]){"DD/MM/YY", NULL}, NULL, 1930, "29/02/00", DATE_OK, "2000-02-29");
    check("1900", (const char *[]){"DD/MM/YY", NULL}, NULL, 1850, "29/02/00", DATE_IMPOSSIBLE, NULL);
}

static void numbers_are_days_by_the_form_alone(void **state)
{
    (void)state;
    static const struct {
        const char *format, *text;
        enum date_result result;
        const char *want;
    } cases[] = {
        {"unix", "0", DATE_OK, "1970-01-01"},
        {"unix", "318211200", DATE_OK, "1980-02-01"},
        {"unix", "318211200.0", DATE_OK, "1980-02-01"},
        {"unix", "-1", DATE_OK, "1969-12-31"},
        {"unix", "-62135596800", DATE_OK, "0001-01-01"},
        {"unix", "-62135596801", DATE_IMPOSSIBLE, NULL},
        {"unix", "253402300799", DATE_OK, "9999-12-31"},
        {"unix", "318211200000", DATE_IMPOSSIBLE, NULL}, /* milliseconds */
        {"unix", "1234567890123456", DATE_UNREADABLE, NULL},
        {"unix", "+1", DATE_UNREADABLE, NULL},
        {"unix", "1.", DATE_UNREADABLE, NULL},
        {"unix", ".5", DATE_UNREADABLE, NULL},
        {"unix", "-", DATE_UNREADABLE, NULL},
        {"unix", "", DATE_UNREADABLE, NULL},
        {"unix", "3.182112E8", DATE_UNREADABLE, NULL},
        {"unix", "318,211,200", DATE_UNREADABLE, NULL},
        {"unix", "1980-02-01", DATE_OK, "1980-02-01"}, /* ISO beside it */
        {"unix", "19800201", DATE_OK, "1970-08-18"},   /* but not of digits alone */
        {"unix_ms", "318211200000", DATE_OK, "1980-02-01"},
        {"unix_ms", "-315619200000", DATE_OK, "1960-01-01"},
        {"unix_ms", "-1", DATE_OK, "1969-12-31"},
        {"unix_ms", "318211200", DATE_OK, "1970-01-04"}, /* no range makes seconds of it */
        {"excel", "1", DATE_OK, "1900-01-01"},
        {"excel", "59", DATE_OK, "1900-02-28"},
        {"excel", "60", DATE_IMPOSSIBLE, NULL}, /* 1900-02-29 */
        {"excel", "61", DATE_OK, "1900-03-01"},
        {"excel", "29252", DATE_OK, "1980-02-01"},
        {"excel", "29252.75", DATE_OK, "1980-02-01"},
        {"excel", "2958465", DATE_OK, "9999-12-31"},
        {"excel", "2958466", DATE_IMPOSSIBLE, NULL},
        {"excel", "0", DATE_IMPOSSIBLE, NULL},
        {"excel", "-1", DATE_UNREADABLE, NULL},
        {"excel", "29,252", DATE_UNREADABLE, NULL},
        {"excel", "19800201", DATE_IMPOSSIBLE, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *formats[] = {cases[i].format, NULL};
        check(cases[i].format, formats, NULL, 0, cases[i].text, cases[i].result, cases[i].want);
    }
}

static void of_several_forms_those_that_fit_must_agree(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *formats[FORMS_MAX + 1], *text;
        enum date_result result;
        const char *want;
    } cases[] = {
        {"the first fits", {"DD/MM/YYYY", "D MMM YYYY"}, "03/04/1990", DATE_OK, "1990-04-03"},
        {"the second fits", {"DD/MM/YYYY", "D MMM YYYY"}, "3 Apr 1990", DATE_OK, "1990-04-03"},
        {"none fits", {"DD/MM/YYYY", "D MMM YYYY"}, "Apr 3 1990", DATE_UNREADABLE, NULL},
        {"two days", {"DD/MM/YYYY", "MM/DD/YYYY"}, "03/04/1990", DATE_AMBIGUOUS, NULL},
        {"two days in the other order", {"MM/DD/YYYY", "DD/MM/YYYY"}, "03/04/1990", DATE_AMBIGUOUS, NULL},
        {"one of them is none", {"DD/MM/YYYY", "MM/DD/YYYY"}, "12/31/1990", DATE_OK, "1990-12-31"},
        {"both are the same day", {"DD/MM/YYYY", "MM/DD/YYYY"}, "05/05/1990", DATE_OK, "1990-05-05"},
        {"both are none", {"DD/MM/YYYY", "MM/DD/YYYY"}, "32/13/1990", DATE_IMPOSSIBLE, NULL},
        {"two after one", {"D/M/YYYY", "DD/MM/YYYY", "MM/DD/YYYY"}, "03/04/1990", DATE_AMBIGUOUS, NULL},
        {"ISO beside them", {"DD/MM/YYYY", "excel"}, "1990-04-03", DATE_OK, "1990-04-03"},
        {"ISO beside one of them", {"DD/MM/YYYY", "YYYY-DD-MM"}, "1990-04-03", DATE_AMBIGUOUS, NULL},
        {"ISO beside none of them", {"YYYY-DD-MM", "YYYYDDMM"}, "1990-04-03", DATE_OK, "1990-03-04"},
        {"a day or a number", {"unix", "excel"}, "29252", DATE_AMBIGUOUS, NULL},
        {"seconds or milliseconds", {"unix", "unix_ms"}, "318211200", DATE_AMBIGUOUS, NULL},
        {"only milliseconds", {"unix", "unix_ms"}, "318211200000", DATE_OK, "1980-02-01"},
        {"digits", {"YYYYMMDD", "DDMMYYYY"}, "20011210", DATE_AMBIGUOUS, NULL},
        {"digits that are one day", {"YYYYMMDD", "DDMMYYYY"}, "19800213", DATE_OK, "1980-02-13"},
        {"the same day at another time",
         {"YYYY-MM-DD HH:mm", "YYYY-MM-DD mm:HH"},
         "1990-04-03 10:11",
         DATE_AMBIGUOUS,
         NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check(cases[i].sentence, cases[i].formats, NULL, 0, cases[i].text, cases[i].result, cases[i].want);
}

/* ---- random forms ---- */

static unsigned pick(unsigned count)
{
    return (unsigned)rand() % count; /* NOLINT(cert-msc30-c,cert-msc50-cpp): it need not be secret */
}

static const char *const names_of[][12] = {
    {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
     "November", "December"},
    {"Januar", "Februar", "M\xc3\xa4rz", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
     "November", "Dezember"},
    {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
    {"Jan", "Feb", "Mrz", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"},
};

struct sample {
    char form[FORM_SIZE], text[TEXT_SIZE];
};

/* Appends a token and what it is of the date. is_german: of the names. */
static void add_token(struct sample *sample, const char *token, struct date date, unsigned is_german)
{
    char written[32];
    size_t form_len = strlen(sample->form), text_len = strlen(sample->text);
    if (strncmp(token, "MMM", 3) == 0)
        snprintf(written, sizeof written, "%s", names_of[is_german + (token[3] ? 0 : 2)][date.month - 1]);
    else if (strcmp(token, "YYYY") == 0)
        snprintf(written, sizeof written, "%04u", date.year);
    else if (strcmp(token, "YY") == 0)
        snprintf(written, sizeof written, "%02u", date.year % 100);
    else
        snprintf(written, sizeof written, token[1] ? "%02u" : "%u", *token == 'D' ? date.day : date.month);
    snprintf(sample->form + form_len, sizeof sample->form - form_len, "%s", token);
    snprintf(sample->text + text_len, sizeof sample->text - text_len, "%s", written);
}

static void add_separator(struct sample *sample, char separator)
{
    const char text[] = {separator, '\0'};
    if (separator) {
        strcat(sample->form, text); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy): it fits */
        strcat(sample->text, text); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy): it fits */
    }
}

/* Day, month and year in some order, with some separator or none. */
static struct sample random_sample(struct date date, unsigned is_german)
{
    static const char *const tokens[3][4] = {
        {"DD", "D", "DD", "D"}, {"MM", "M", "MMM", "MMMM"}, {"YYYY", "YY", "YYYY", "YY"}};
    static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct sample sample = {"", ""};
    const unsigned *order = orders[pick(6)];
    char separator = "/.- _\0"[pick(6)];
    for (size_t i = 0; i < 3; i++) {
        const char *token = tokens[order[i]][pick(4)];
        if (!separator && (strcmp(token, "D") == 0 || strcmp(token, "M") == 0))
            token = order[i] ? "MM" : "DD";
        if (i)
            add_separator(&sample, separator);
        add_token(&sample, token, date, is_german);
    }
    return sample;
}

static struct date random_date(void)
{
    return date_of_days((int32_t)pick(36500) - 14600); /* 1930 to 2029 */
}

static const struct date_forms *forms_of(const char *const *formats, size_t count, unsigned is_german,
                                         struct arena *arena)
{
    struct date_settings settings = {
        .formats = formats, .format_count = count, .locale = is_german ? "de" : NULL, .century = 1930};
    size_t at;
    const char *fault;
    const struct date_forms *forms = date_forms_new(&settings, arena, &at, &fault);
    if (!forms)
        fail_msg("`%s`: %s", formats[at], fault);
    return forms;
}

static void a_date_written_by_a_form_is_read_by_it(void **state)
{
    (void)state;
    srand(13); /* NOLINT(cert-msc32-c,cert-msc51-cpp): each time the same dates */
    for (int round = 0; round < ROUNDS; round++) {
        struct arena arena;
        struct date_reading reading;
        struct date date = random_date();
        unsigned is_german = round % 50 == 0; /* its names take a while to load */
        struct sample sample = random_sample(date, is_german);
        const char *form = sample.form;
        arena_init(&arena, 1 << 15);
        const struct date_forms *forms = forms_of(&form, 1, is_german, &arena);
        enum date_result result = date_forms_read(forms, slice_from(sample.text), &reading);
        if (result != DATE_OK || date_number(reading.date) != date_number(date))
            fail_msg("`%s` by `%s` of %u: result %d, %u", sample.text, form, date_number(date), (int)result,
                     date_number(reading.date));
        arena_clear(&arena);
    }
}

/* Whatever forms a job lists: what it accepts is no other day by any of them. */
static void a_text_with_two_meanings_is_never_accepted(void **state)
{
    (void)state;
    unsigned ambiguous = 0;
    srand(14); /* NOLINT(cert-msc32-c,cert-msc51-cpp): each time the same dates */
    for (int round = 0; round < ROUNDS; round++) {
        struct arena arena;
        struct sample samples[2] = {random_sample(random_date(), 0), random_sample(random_date(), 0)};
        const char *formats[] = {samples[0].form, samples[1].form,
                                 (const char *[]){"excel", "unix"}[round % 2]};
        char number[16];
        struct date_reading reading, alone;
        snprintf(number, sizeof number, "%u", pick(40000));
        struct slice text = slice_from(round % 5 ? samples[round % 3 == 0].text : number);
        arena_init(&arena, 1 << 15);
        enum date_result result = date_forms_read(forms_of(formats, 3, 0, &arena), text, &reading);
        unsigned first = 0, fitting = 0;
        bool differs = false;
        for (size_t i = 0; i < 3; i++) {
            if (date_forms_read(forms_of(&formats[i], 1, 0, &arena), text, &alone) != DATE_OK)
                continue;
            differs |= fitting++ && first != date_number(alone.date);
            first = date_number(alone.date);
        }
        if (result == DATE_OK && (differs || fitting == 0 || first != date_number(reading.date)))
            fail_msg("`%s` by `%s`, `%s`, `%s`", text.data, formats[0], formats[1], formats[2]);
        if (result != DATE_OK && fitting && !differs)
            fail_msg("`%s` by `%s`, `%s`, `%s` is one day", text.data, formats[0], formats[1], formats[2]);
        ambiguous += result == DATE_AMBIGUOUS;
        arena_clear(&arena);
    }
    assert_true(ambiguous > 100);
}

static void a_form_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct arena arena;
    size_t at;
    const char *fault, *formats[] = {"DD/MM/YYYY", "dd/mm", "D MMM YYYY"};
    arena_init(&arena, 65536);
    struct date_settings settings = {.formats = formats, .format_count = 2};
    assert_null(date_forms_new(&settings, &arena, &at, &fault));
    assert_int_equal(at, 1);
    settings = (struct date_settings){.formats = &formats[2], .format_count = 1, .locale = "ja"};
    assert_null(date_forms_new(&settings, &arena, &at, &fault));
    assert_non_null(strstr(fault, "numbers"));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_read_by_the_documented_rules),
        cmocka_unit_test(a_month_is_read_by_its_names),
        cmocka_unit_test(two_digits_of_a_year_are_within_the_window),
        cmocka_unit_test(numbers_are_days_by_the_form_alone),
        cmocka_unit_test(of_several_forms_those_that_fit_must_agree),
        cmocka_unit_test(a_date_written_by_a_form_is_read_by_it),
        cmocka_unit_test(a_text_with_two_meanings_is_never_accepted),
        cmocka_unit_test(a_form_that_cannot_be_read_is_named),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("date_forms", tests, NULL, NULL);
}
