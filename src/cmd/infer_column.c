#include "cmd/infer_column.h"

#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "core/text.h"
#include "model/country.h"
#include "model/record.h"

enum { WORDS_MAX = 1000, PHONE_DIGITS_MIN = 5, KEY_MAX = 128, POSTAL_MAX = 16 };

const char *const infer_column_nulls[] = {"NULL", "Null", "null", "(null)", "N/A", "n/a", "#N/A", "NaN",
                                          "nil",  "None", "none", "\\N",    "-",   "--",  NULL};

bool infer_column_is_null(struct slice text)
{
    for (size_t i = 0; infer_column_nulls[i]; i++)
        if (slice_is(text, infer_column_nulls[i]))
            return true;
    return text.len == 0;
}

size_t infer_column_filled(const struct infer_sample *sample, size_t column)
{
    size_t filled = 0;

    for (size_t row = 0; row < sample->row_count; row++)
        filled += !infer_column_is_null(infer_sample_cell(sample, row, column));
    return filled;
}

static bool looks_like_email(struct slice text)
{
    const char *cursor = memchr(text.data, '@', text.len);

    return cursor && cursor > text.data && memchr(cursor, '.', text.len - (size_t)(cursor - text.data)) &&
           !memchr(text.data, ' ', text.len);
}

static bool looks_like_phone(struct slice text)
{
    size_t digits = 0;

    for (size_t i = 0; i < text.len; i++)
        if (ascii_is_digit(text.data[i]))
            digits++;
        else if (!memchr("+()-./ ", text.data[i], 7))
            return false;
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
    struct slice item;
    while (slice_next_item(&text, slice_make(&separator, separator != 0), &item))
        if (!is_country(item, arena))
            return false;
    return true;
}

static bool has_digit(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (ascii_is_digit(text.data[i]))
            return true;
    return false;
}

/* A letter of any script, and no sign of an e-mail address. */
static bool looks_like_name(struct slice text)
{
    bool has_letter = false;

    for (size_t i = 0; i < text.len; i++)
        has_letter = has_letter || ascii_is_letter(text.data[i]) || (unsigned char)text.data[i] >= 0x80;
    return has_letter && !memchr(text.data, '@', text.len);
}

static bool looks_like(struct slice text, enum field_type type, char separator, struct arena *arena)
{
    switch (type) {
    case FIELD_TYPE_KEY:
        return text.len <= KEY_MAX && text_is_plain_ascii(text);
    case FIELD_TYPE_NAME:
        return looks_like_name(text);
    case FIELD_TYPE_POSTAL:
        return text.len <= POSTAL_MAX && has_digit(text);
    case FIELD_TYPE_DATE:
        return has_digit(text);
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

size_t infer_column_plausible(struct infer_sample *sample, size_t column, enum field_type type)
{
    size_t plausible = 0;
    char separator = VALUE_SEPARATOR;

    if (type == FIELD_TYPE_COUNTRY_LIST && !sample->is_list[column])
        separator = infer_column_split(sample, column, type);
    bool takes_list = type == FIELD_TYPE_COUNTRY_LIST || type == FIELD_TYPE_TEXT_LIST;
    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text =
            takes_list ? infer_sample_cell(sample, row, column) : infer_sample_first(sample, row, column);
        if (!infer_column_is_null(text))
            plausible += looks_like(text, type, separator, &sample->arena);
    }
    return plausible;
}

char infer_column_split(struct infer_sample *sample, size_t column, enum field_type type)
{
    /* Tax numbers hold slashes and blanks of their own, names of countries commas. */
    const char *candidates = type == FIELD_TYPE_COUNTRY_LIST ? "|;,/+" : "|;,";
    char best = 0;
    size_t max = 0;

    for (const char *cursor = candidates; *cursor && !sample->is_list[column]; cursor++) {
        size_t with = 0, good = 0;
        for (size_t row = 0; row < sample->row_count; row++) {
            struct slice text = infer_sample_cell(sample, row, column);
            if (infer_column_is_null(text) || !memchr(text.data, *cursor, text.len))
                continue;
            with++;
            good += looks_like(text, type, *cursor, &sample->arena);
        }
        if (good > max && good * 2 > with) {
            max = good;
            best = *cursor;
        }
    }
    return best;
}

static int by_count(const void *a, const void *b)
{
    const struct infer_word *first = a, *second = b;

    if (first->count != second->count)
        return first->count < second->count ? 1 : -1;
    size_t len = first->text.len < second->text.len ? first->text.len : second->text.len;
    int order = memcmp(first->text.data, second->text.data, len);
    return order ? order : (first->text.len > second->text.len) - (first->text.len < second->text.len);
}

struct infer_word *infer_column_words(struct infer_sample *sample, size_t column, size_t *count, bool *more)
{
    struct infer_word *words = arena_alloc(&sample->arena, WORDS_MAX * sizeof *words);

    *count = 0;
    *more = false;
    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = infer_sample_first(sample, row, column);
        size_t index = 0;
        if (infer_column_is_null(text))
            continue;
        while (index < *count && !slice_equal(words[index].text, text))
            index++;
        if (index == WORDS_MAX) {
            *more = true;
            continue;
        }
        if (index == *count)
            words[(*count)++] = (struct infer_word){text, 0};
        words[index].count++;
    }
    qsort(words, *count, sizeof *words, by_count);
    return words;
}

static int by_text(const void *a, const void *b)
{
    const struct slice *first = a, *second = b;
    int order = memcmp(first->data, second->data, first->len < second->len ? first->len : second->len);

    return order ? order : (first->len > second->len) - (first->len < second->len);
}

size_t infer_column_distinct(const struct infer_sample *sample, size_t column)
{
    struct slice *texts = memory_new(sample->row_count + 1, sizeof *texts);
    size_t filled = 0, distinct = 0;

    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = infer_sample_first(sample, row, column);
        if (!infer_column_is_null(text))
            texts[filled++] = text;
    }
    if (filled)
        qsort(texts, filled, sizeof *texts, by_text);
    for (size_t i = 0; i < filled; i++)
        distinct += i == 0 || !slice_equal(texts[i - 1], texts[i]);
    free(texts);
    return distinct;
}

bool infer_column_is_distinct(const struct infer_sample *sample, size_t column)
{
    return sample->row_count > 0 && infer_column_distinct(sample, column) == sample->row_count;
}

size_t infer_column_shared(struct infer_sample *sample, size_t column)
{
    size_t count, filled = infer_column_filled(sample, column);
    bool more;
    struct infer_word *words = infer_column_words(sample, column, &count, &more);

    return filled >= 3 && count && words[0].count * 2 > filled ? words[0].count : 0;
}
