#include "provider/scrub_date.h"

#include <stdint.h>
#include <string.h>

enum {
    PARTS_MAX = 3,
    DIGITS_MAX = 8,
    APART_MAX = 4, /* blanks and punctuation between two parts: `28., ` */
};

/* A number or a month's name. */
struct part {
    bool is_month;
    unsigned value, digits;
    size_t end; /* the letter behind it */
};

/* Without accents, as the view has them. A name is also found by its first three letters and by the other
 * short forms that are in use. */
static const struct {
    const char *word;
    unsigned month;
} months[] = {
    {"january", 1},   {"januar", 1},     {"janvier", 1},    {"enero", 1},     {"gennaio", 1},
    {"janeiro", 1},   {"januari", 1},    {"janner", 1},     {"jan", 1},       {"janv", 1},
    {"ene", 1},       {"gen", 1},        {"february", 2},   {"februar", 2},   {"fevrier", 2},
    {"febrero", 2},   {"febbraio", 2},   {"fevereiro", 2},  {"februari", 2},  {"feber", 2},
    {"feb", 2},       {"fevr", 2},       {"fev", 2},        {"march", 3},     {"marz", 3},
    {"maerz", 3},     {"mars", 3},       {"marzo", 3},      {"marco", 3},     {"maart", 3},
    {"mar", 3},       {"mrz", 3},        {"mrt", 3},        {"april", 4},     {"avril", 4},
    {"abril", 4},     {"aprile", 4},     {"apr", 4},        {"avr", 4},       {"abr", 4},
    {"may", 5},       {"mai", 5},        {"mayo", 5},       {"maggio", 5},    {"maio", 5},
    {"mei", 5},       {"mag", 5},        {"june", 6},       {"juni", 6},      {"juin", 6},
    {"junio", 6},     {"giugno", 6},     {"junho", 6},      {"jun", 6},       {"giu", 6},
    {"july", 7},      {"juli", 7},       {"juillet", 7},    {"julio", 7},     {"luglio", 7},
    {"julho", 7},     {"jul", 7},        {"juil", 7},       {"lug", 7},       {"august", 8},
    {"aout", 8},      {"agosto", 8},     {"augustus", 8},   {"aug", 8},       {"ago", 8},
    {"september", 9}, {"septembre", 9},  {"septiembre", 9}, {"setiembre", 9}, {"settembre", 9},
    {"setembro", 9},  {"sep", 9},        {"sept", 9},       {"set", 9},       {"october", 10},
    {"oktober", 10},  {"octobre", 10},   {"octubre", 10},   {"ottobre", 10},  {"outubro", 10},
    {"oct", 10},      {"okt", 10},       {"ott", 10},       {"out", 10},      {"november", 11},
    {"novembre", 11}, {"noviembre", 11}, {"novembro", 11},  {"nov", 11},      {"december", 12},
    {"dezember", 12}, {"decembre", 12},  {"diciembre", 12}, {"dicembre", 12}, {"dezembro", 12},
    {"dec", 12},      {"dez", 12},       {"dic", 12},
};

bool scrub_date_read(struct slice text, struct scrub_date *date)
{
    if (text.len != 10 || text.data[4] != '-' || text.data[7] != '-')
        return false;
    unsigned numbers[3] = {0};
    for (size_t i = 0, part = 0; i < text.len; i++)
        if (text.data[i] == '-')
            part++;
        else if (text.data[i] >= '0' && text.data[i] <= '9' && part < 3)
            numbers[part] = numbers[part] * 10 + (unsigned)(text.data[i] - '0');
        else
            return false;
    date->year = numbers[0], date->month = numbers[1], date->day = numbers[2];
    return true;
}

/* `st`, `er`, `º` (a small o in the view) behind a day. */
static size_t skip_ordinal(const struct scrub_view *view, size_t i)
{
    static const char *const words[] = {"st", "nd", "rd", "th", "er", "re", "e", "o", "a"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (scrub_view_is_word(view, i, words[k]))
            return i + strlen(words[k]);
    return i;
}

static bool read_number(const struct scrub_view *view, size_t i, struct part *part)
{
    *part = (struct part){.is_month = false};
    for (; view->kinds[i] == SCRUB_DIGIT; i++) {
        if (++part->digits > DIGITS_MAX)
            return false;
        part->value = part->value * 10 + (unsigned)(view->letters.codes[i] - '0');
    }
    part->end = part->digits <= 2 ? skip_ordinal(view, i) : i;
    return true;
}

static bool read_part(const struct scrub_view *view, size_t i, struct part *part)
{
    if (view->kinds[i] == SCRUB_DIGIT)
        return read_number(view, i, part);
    for (size_t k = 0; k < sizeof months / sizeof *months; k++) {
        if (!scrub_view_is_word(view, i, months[k].word))
            continue;
        *part = (struct part){.is_month = true, .value = months[k].month};
        part->end = i + strlen(months[k].word);
        return true;
    }
    return false;
}

/* Year, month and day behind their numbers in Chinese and Japanese. */
static bool is_unit(uint32_t code)
{
    return code == 0x5e74 || code == 0x6708 || code == 0x65e5;
}

static size_t skip_signs(const struct scrub_view *view, size_t i)
{
    for (size_t skipped = 0; i < view->letters.count; i++) {
        if (view->kinds[i] != SCRUB_OTHER && !is_unit(view->letters.codes[i]))
            break;
        if (++skipped > APART_MAX)
            break;
    }
    return i;
}

/* Blanks and punctuation, and such a word between them: the 28th of April, 28 de abril de 1960. */
static size_t skip_apart(const struct scrub_view *view, size_t i)
{
    static const char *const words[] = {"of", "the", "de", "del", "di", "den", "der", "do", "d"};
    i = skip_signs(view, i);
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            if (scrub_view_is_word(view, i, words[k]))
                i = skip_signs(view, i + strlen(words[k]));
    return i;
}

static bool is_year(const struct part *part, const struct scrub_date *date)
{
    if (part->is_month)
        return false;
    return (part->digits == 4 && part->value == date->year) ||
           (part->digits == 2 && part->value == date->year % 100);
}

static bool is_day(const struct part *part, const struct scrub_date *date)
{
    return !part->is_month && part->digits <= 2 && part->value == date->day;
}

static bool is_month(const struct part *part, const struct scrub_date *date)
{
    return (part->is_month || part->digits <= 2) && part->value == date->month;
}

static bool is_whole(const struct part parts[3], const struct scrub_date *date)
{
    static const int orders[][3] = {{0, 1, 2}, {1, 0, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}, {0, 2, 1}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (is_day(&parts[orders[i][0]], date) && is_month(&parts[orders[i][1]], date) &&
            is_year(&parts[orders[i][2]], date))
            return true;
    return false;
}

/* With the month's name alone: 28 April, April 1960. */
static bool is_in_words(const struct part parts[2], const struct scrub_date *date)
{
    for (size_t i = 0; i < 2; i++) {
        const struct part *other = &parts[1 - i];
        if (parts[i].is_month && is_month(&parts[i], date) &&
            (is_day(other, date) || (other->digits == 4 && is_year(other, date))))
            return true;
    }
    return false;
}

/* 19600428, 28041960, 600428 and their like. */
static bool is_number(const struct part *part, const struct scrub_date *date)
{
    unsigned day = date->day, month = date->month, year = date->year, value = part->value;
    if (part->is_month || (part->digits != 8 && part->digits != 6))
        return false;
    unsigned capacity = part->digits == 8 ? 10000 : 100;
    year %= capacity;
    return value == year * 10000 + month * 100 + day || value == year * 10000 + day * 100 + month ||
           value == (day * 100 + month) * capacity + year || value == (month * 100 + day) * capacity + year;
}

size_t scrub_date_match(const struct scrub_view *view, size_t i, const struct scrub_date *date)
{
    struct part parts[PARTS_MAX];
    size_t count = 0;
    while (count < PARTS_MAX && read_part(view, i, &parts[count])) {
        i = skip_apart(view, parts[count].end);
        count++;
    }
    if (count == 3 && is_whole(parts, date))
        return parts[2].end;
    if (count >= 2 && is_in_words(parts, date))
        return parts[1].end;
    return count >= 1 && is_number(&parts[0], date) ? parts[0].end : 0;
}
