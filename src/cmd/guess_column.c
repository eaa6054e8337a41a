#include "cmd/guess_column.h"

#include <stdlib.h>
#include <string.h>

#include "model/country.h"
#include "model/record.h"

enum { WORDS_MAX = 1000, PHONE_DIGITS_MIN = 5 };

const char *const guess_column_nulls[] = {"NULL", "Null", "null", "(null)", "N/A", "n/a", "#N/A", "NaN",
                                          "nil",  "None", "none", "\\N",    "-",   "--",  NULL};

bool guess_column_is_null(struct slice text)
{
    for (size_t i = 0; guess_column_nulls[i]; i++)
        if (slice_is(text, guess_column_nulls[i]))
            return true;
    return text.len == 0;
}

size_t guess_column_filled(const struct guess_sample *sample, size_t column)
{
    size_t filled = 0;

    for (size_t row = 0; row < sample->row_count; row++)
        filled += !guess_column_is_null(guess_sample_cell(sample, row, column));
    return filled;
}

static bool looks_like_email(struct slice text)
{
    const char *at = memchr(text.at, '@', text.len);

    return at && at > text.at && memchr(at, '.', text.len - (size_t)(at - text.at)) &&
           !memchr(text.at, ' ', text.len);
}

static bool looks_like_phone(struct slice text)
{
    size_t digits = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] >= '0' && text.at[i] <= '9')
            digits++;
        else if (!memchr("+()-./ ", text.at[i], 7))
            return false;
    }
    return digits >= PHONE_DIGITS_MIN;
}

static bool is_country(struct slice text, struct arena *arena)
{
    const struct country *country;
    const char *names;

    return country_read(text, arena, &country, &names) != COUNTRY_UNKNOWN;
}

/* Every item between separators (0: the whole) is a country. */
static bool are_countries(struct slice text, char separator, struct arena *arena)
{
    for (;;) {
        const char *end = separator ? memchr(text.at, separator, text.len) : NULL;
        struct slice item = slice_make(text.at, end ? (size_t)(end - text.at) : text.len);
        if (!is_country(item, arena))
            return false;
        if (!end)
            return true;
        text = slice_make(end + 1, text.len - item.len - 1);
    }
}

static bool looks_like(struct slice text, enum field_type type, char separator, struct arena *arena)
{
    switch (type) {
    case FIELD_TYPE_EMAIL:
        return looks_like_email(text);
    case FIELD_TYPE_PHONE:
        return looks_like_phone(text);
    case FIELD_TYPE_COUNTRY:
        return is_country(text, arena);
    case FIELD_TYPE_COUNTRY_LIST:
        return are_countries(text, separator, arena);
    default:
        return true;
    }
}

size_t guess_column_plausible(struct guess_sample *sample, size_t column, enum field_type type)
{
    size_t plausible = 0;
    char separator = VALUE_SEPARATOR;

    if (type == FIELD_TYPE_COUNTRY_LIST && !sample->is_list[column])
        separator = guess_column_split(sample, column, type);
    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = guess_sample_cell(sample, row, column);
        if (!guess_column_is_null(text))
            plausible += looks_like(text, type, separator, &sample->arena);
    }
    return plausible;
}

char guess_column_split(struct guess_sample *sample, size_t column, enum field_type type)
{
    /* Tax numbers hold slashes and blanks of their own, names of countries commas. */
    const char *candidates = type == FIELD_TYPE_COUNTRY_LIST ? "|;,/+" : "|;,";
    char best = 0;
    size_t most = 0;

    for (const char *at = candidates; *at && !sample->is_list[column]; at++) {
        size_t with = 0, good = 0;
        for (size_t row = 0; row < sample->row_count; row++) {
            struct slice text = guess_sample_cell(sample, row, column);
            if (guess_column_is_null(text) || !memchr(text.at, *at, text.len))
                continue;
            with++;
            good += looks_like(text, type, *at, &sample->arena);
        }
        if (good > most && good * 2 > with) {
            most = good;
            best = *at;
        }
    }
    return best;
}

static int by_count(const void *a, const void *b)
{
    const struct guess_word *first = a, *second = b;

    if (first->count != second->count)
        return first->count < second->count ? 1 : -1;
    size_t len = first->text.len < second->text.len ? first->text.len : second->text.len;
    int order = memcmp(first->text.at, second->text.at, len);
    return order ? order : (first->text.len > second->text.len) - (first->text.len < second->text.len);
}

struct guess_word *guess_column_words(struct guess_sample *sample, size_t column, size_t *count, bool *more)
{
    struct guess_word *words = arena_alloc(&sample->arena, WORDS_MAX * sizeof *words);

    *count = 0;
    *more = false;
    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = guess_sample_cell(sample, row, column);
        size_t at = 0;
        if (guess_column_is_null(text))
            continue;
        while (at < *count && !slice_equal(words[at].text, text))
            at++;
        if (at == WORDS_MAX) {
            *more = true;
            continue;
        }
        if (at == *count)
            words[(*count)++] = (struct guess_word){text, 0};
        words[at].count++;
    }
    qsort(words, *count, sizeof *words, by_count);
    return words;
}
