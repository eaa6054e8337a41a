/* Any text as a date, by up to three forms of any bytes.
 *
 * The forms are the first lines, the text is the rest; the first byte chooses century, `time: drop` and the
 * languages of the names of months. What a list of forms accepts is a day of the calendar, and no form that
 * accepts the text alone makes another day of it. Written as ISO, the day is read back.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "rules/date_forms.h"

enum { FORMS_MAX = 3, LOCALES = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A line of the input, NUL-terminated; rest is what follows it. */
static const char *next_line(struct slice *rest, struct arena *arena)
{
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    const char *line = arena_copy(arena, slice_make(rest->data, len)).data;
    *rest = slice_skip(*rest, end ? len + 1 : len);
    return line;
}

static void check_names(unsigned locale, struct slice text)
{
    static const char *const locales[LOCALES] = {NULL, "de", "th", "tr"};
    static const struct month_names *names[LOCALES];
    static struct arena arena;
    size_t len = 0;
    if (!names[0]) {
        arena_init(&arena, 65536);
        for (size_t i = 0; i < LOCALES; i++)
            names[i] = month_names_new(locales[i], &arena);
    }
    unsigned month = month_names_read(names[locale], text, &len);
    assert(month <= 12 && len <= text.len);
    assert(month == 0 || len > 0);
}

static void check_day(struct date date)
{
    char text[DATE_TEXT_LEN];
    struct date_reading again;
    assert(date_is_day(date) && date.year <= 9999);
    date_write(date, text);
    assert(date_read_iso(slice_make(text, sizeof text), false, &again) == DATE_OK);
    assert(date_number(again.date) == date_number(date));
    assert(date_number(date_of_days((int32_t)date_to_days(date))) == date_number(date));
}

/* The text by each form alone, against what all of them made of it. */
static void check_alone(const struct date_settings *settings, struct slice text, enum date_result result,
                        const struct date_reading *reading, struct arena *arena)
{
    for (size_t i = 0; i < settings->format_count; i++) {
        struct date_settings one = *settings;
        struct date_reading alone;
        size_t at;
        const char *fault;
        one.formats = &settings->formats[i];
        one.format_count = 1;
        const struct date_forms *forms = date_forms_new(&one, arena, &at, &fault);
        enum date_result of_one = date_forms_read(forms, text, &alone);
        assert(of_one != DATE_OK || result == DATE_OK || result == DATE_AMBIGUOUS);
        assert(of_one != DATE_OK || result != DATE_OK ||
               date_number(alone.date) == date_number(reading->date));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct arena arena;
    if (len < 1)
        return 0;
    arena_init(&arena, 65536);
    struct slice rest = slice_make((const char *)data + 1, len - 1);
    const char *formats[FORMS_MAX], *fault;
    struct date_settings settings = {
        .formats = formats, .century = 1800 + data[0], .drops_time = data[0] & 1};
    for (size_t i = 0; i < FORMS_MAX; i++) {
        struct date_format format;
        formats[settings.format_count] = next_line(&rest, &arena);
        settings.format_count += !date_format_read(&format, formats[settings.format_count]);
    }
    size_t at;
    const struct date_forms *forms =
        settings.format_count ? date_forms_new(&settings, &arena, &at, &fault) : NULL;
    assert(forms || settings.format_count == 0);
    struct date_reading reading;
    enum date_result result = date_forms_read(forms, rest, &reading);
    if (result == DATE_OK)
        check_day(reading.date);
    check_alone(&settings, rest, result, &reading, &arena);
    check_names(data[0] / 2 % LOCALES, rest);
    arena_clear(&arena);
    return 0;
}
