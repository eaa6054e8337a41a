#include "provider/scrub_value.h"

#include <string.h>

#include "core/utf8.h"
#include "model/field.h"
#include "provider/scrub_decode.h"

enum {
    VALUE_CHARS_MIN = 3,
    UNSPACED_MIN = 2,
    UNSPACED_FIRST = 0x1100, /* Hangul, Kana, Han and what follows: a name may have two letters */
    NAME_WORD_MIN = 3,
    COMPANY_WORD_MIN = 4,
    LOOSE_MIN = 6,         /* letters */
    LOOSE_DIGITS_MIN = 5,  /* letters and digits */
    FREE_MIN = 9,          /* with blanks, punctuation or digits */
    FREE_LETTERS_MIN = 12, /* of letters alone */
    GAP_MAX = 3,
    NUMBER_DIGITS_MIN = 6,
    TAIL = 4, /* digits that identify a number */
    PART_DIGITS_MIN = 6,
    DIGITS_MAX = 40,
};

/* Words of a person's names that are no name. */
static const char *const particles[] = {"van",  "der", "den", "von", "vom", "zum", "zur",   "del",
                                        "dal",  "dos", "das", "des", "las", "los", "bin",   "ibn",
                                        "bint", "the", "and", "und", "ter", "ten", "della", "delle",
                                        "abu",  "san", "mrs", "ben", NULL};
/* Words of companies' names that many share, or that providers use of their own. */
static const char *const company_words[] = {
    "bank",          "group",    "company",    "limited",  "gmbh",       "corp",      "corporation",
    "incorporated",  "holding",  "holdings",   "services", "service",    "trading",   "trade",
    "international", "global",   "national",   "american", "united",     "states",    "solutions",
    "systems",       "system",   "consulting", "partners", "partner",    "capital",   "finance",
    "financial",     "payment",  "payments",   "account",  "accounts",   "customer",  "customers",
    "user",          "users",    "data",       "digital",  "online",     "software",  "technology",
    "technologies",  "tech",     "media",      "market",   "markets",    "world",     "house",
    "city",          "state",    "first",      "last",     "name",       "number",    "with",
    "from",          "self",     "employed",   "other",    "none",       "unknown",   "university",
    "school",        "hospital", "health",     "care",     "home",       "food",      "foods",
    "office",        "public",   "county",     "council",  "department", "insurance", "real",
    "estate",        "valid",    "value",      NULL};

static bool is_one_of(const uint32_t *codes, size_t count, const char *const *words)
{
    for (; *words; words++) {
        size_t i = 0;
        while (i < count && (*words)[i] != '\0' && codes[i] == (uint32_t)(unsigned char)(*words)[i])
            i++;
        if (i == count && (*words)[i] == '\0')
            return true;
    }
    return false;
}

/* What is of a view from letter i to end, but for blanks and punctuation. */
static void add_needle(struct scrub_values *values, const struct scrub_view *view, size_t i, size_t end,
                       const char *name)
{
    uint32_t *codes = arena_alloc(values->arena, (end - i + 1) * sizeof *codes);
    size_t count = 0;
    bool has_digit = false, has_sign = false;
    for (; i < end; i++) {
        has_digit |= view->kinds[i] == SCRUB_DIGIT;
        has_sign |= view->kinds[i] == SCRUB_OTHER && count > 0;
        if (view->kinds[i] != SCRUB_OTHER)
            codes[count++] = view->letters.codes[i];
    }
    if (count == 0 || count < (codes[0] >= UNSPACED_FIRST ? UNSPACED_MIN : VALUE_CHARS_MIN))
        return;
    struct scrub_needle *needle = arena_alloc(values->arena, sizeof *needle);
    *needle = (struct scrub_needle){.codes = codes,
                                    .count = count,
                                    .is_free = count >= (has_sign || has_digit ? FREE_MIN : FREE_LETTERS_MIN),
                                    .is_loose = has_sign || count >= LOOSE_MIN ||
                                                (has_digit && count >= LOOSE_DIGITS_MIN),
                                    .name = name,
                                    .next = values->needles};
    values->needles = needle;
}

static size_t skip_kind(const struct scrub_view *view, size_t i, bool is_word)
{
    while (i < view->letters.count && (view->kinds[i] != SCRUB_OTHER) == is_word)
        i++;
    return i;
}

static void add_words(struct scrub_values *values, const struct scrub_view *view, size_t min,
                      const char *const *spared, const char *name)
{
    for (size_t i = skip_kind(view, 0, false), end; i < view->letters.count;
         i = skip_kind(view, end, false)) {
        end = skip_kind(view, i, true);
        if (end - i >= min && !is_one_of(view->letters.codes + i, end - i, spared))
            add_needle(values, view, i, end, name);
    }
}

static bool has_digit(const struct scrub_view *view, size_t i, size_t end)
{
    for (; i < end; i++)
        if (view->kinds[i] == SCRUB_DIGIT)
            return true;
    return false;
}

/* An address line from its first word without a digit to its last. */
static void add_street(struct scrub_values *values, const struct scrub_view *view, const char *name)
{
    size_t first = view->letters.count, last = 0, words = 0;
    for (size_t i = skip_kind(view, 0, false), end; i < view->letters.count;
         i = skip_kind(view, end, false)) {
        end = skip_kind(view, i, true);
        if (has_digit(view, i, end))
            continue;
        first = words == 0 ? i : first;
        last = end;
        words++;
    }
    if (words >= 2 && !has_digit(view, first, last))
        add_needle(values, view, first, last, name);
}

static void add_email(struct scrub_values *values, const struct scrub_view *view, const char *name)
{
    size_t index = 0;
    while (index < view->letters.count && view->letters.codes[index] != '@')
        index++;
    if (index >= VALUE_CHARS_MIN && index < view->letters.count)
        add_needle(values, view, 0, index, name);
}

static void add_number(struct scrub_values *values, const struct scrub_view *view, const char *name)
{
    char digits[DIGITS_MAX + 1];
    size_t count = 0, end = view->letters.count, tail = end, found = 0;
    for (size_t i = 0; i < end && count < DIGITS_MAX; i++)
        if (view->kinds[i] == SCRUB_DIGIT)
            digits[count++] = (char)view->letters.codes[i];
    if (count < NUMBER_DIGITS_MIN)
        return;
    struct scrub_number *number = arena_alloc(values->arena, sizeof *number);
    *number = (struct scrub_number){arena_copy(values->arena, slice_make(digits, count)).data, name,
                                    values->numbers};
    values->numbers = number;
    while (tail > 0 && found < TAIL)
        found += view->kinds[--tail] != SCRUB_OTHER;
    add_needle(values, view, tail, end, name);
}

static void add_date(struct scrub_values *values, struct slice text, const char *name)
{
    struct scrub_date date = {.name = name, .next = values->dates};
    if (!scrub_date_read(text, &date))
        return;
    values->dates = arena_alloc(values->arena, sizeof *values->dates);
    *values->dates = date;
}

static void add_item(struct scrub_values *values, struct slice text, enum field_id field)
{
    const char *name = field_name(field);
    struct scrub_view view = scrub_view_make(text, values->arena);
    enum field_type type = field_type(field);
    add_needle(values, &view, 0, view.letters.count, name);
    if (type == FIELD_TYPE_DATE)
        add_date(values, text, name);
    else if (type == FIELD_TYPE_EMAIL)
        add_email(values, &view, name);

    switch (field_parts(field)) {
    case FIELD_PARTS_NAME:
        add_words(values, &view, NAME_WORD_MIN, particles, name);
        break;
    case FIELD_PARTS_COMPANY:
        add_words(values, &view, COMPANY_WORD_MIN, company_words, name);
        break;
    case FIELD_PARTS_STREET:
        add_street(values, &view, name);
        break;
    case FIELD_PARTS_NUMBER:
        add_number(values, &view, name);
        break;
    case FIELD_PARTS_NONE:
        break;
    }
}

static void add_value(struct scrub_values *values, struct slice value, enum field_id field)
{
    struct slice item;
    while (value.len > 0 && record_next_item(&value, &item))
        add_item(values, item, field);
}

/* What is one of a list that the provider has, and so no one's own. */
static bool is_nobodys(enum field_id field, const struct provider_fields *fields)
{
    enum field_type type = field_type(field);
    if (type == FIELD_TYPE_COUNTRY || type == FIELD_TYPE_COUNTRY_LIST || type == FIELD_TYPE_BOOL ||
        type == FIELD_TYPE_INTEGER || field == FIELD_LANGUAGE)
        return true;
    const struct provider_field *own = fields ? provider_fields_find(fields, field) : NULL;
    return own && own->values;
}

static struct slice name_of(const struct record *record, enum field_id field)
{
    const struct value *value = &record->values[field];
    return value->state == VALUE_PRESENT ? value->text : slice_make("", 0);
}

static void add_together(struct scrub_values *values, struct slice one, struct slice other, const char *name)
{
    if (one.len == 0 || other.len == 0)
        return;
    struct slice joined =
        arena_printf(values->arena, "%.*s%.*s", (int)one.len, one.data, (int)other.len, other.data);
    struct scrub_view view = scrub_view_make(joined, values->arena);
    add_needle(values, &view, 0, view.letters.count, name);
}

void scrub_values_add(struct scrub_values *values, const struct record *record,
                      const struct provider_fields *fields)
{
    if (!record || !record->values)
        return;
    struct slice first = name_of(record, FIELD_FIRST_NAME), last = name_of(record, FIELD_LAST_NAME);
    add_together(values, first, last, field_name(FIELD_LAST_NAME));
    add_together(values, last, first, field_name(FIELD_LAST_NAME));
    for (size_t i = 0; i < field_count(); i++) {
        enum field_id field = (enum field_id)i;
        if (record->values[field].state == VALUE_PRESENT && !is_nobodys(field, fields))
            add_value(values, record->values[field].text, field);
    }
}

/* The same is done to a secret as to the text that may hold it, but for escapes, of which it has none. */
void scrub_values_add_secret(struct scrub_values *values, struct slice secret)
{
    if (secret.len == 0 || utf8_count(secret) < VALUE_CHARS_MIN)
        return;
    struct scrub_view view = scrub_view_make(scrub_decode_text(secret, false, values->arena), values->arena);
    if (view.letters.count == 0)
        return;
    struct scrub_needle *needle = arena_alloc(values->arena, sizeof *needle);
    *needle = (struct scrub_needle){.codes = view.letters.codes,
                                    .count = view.letters.count,
                                    .is_secret = true,
                                    .name = "secret",
                                    .next = values->needles};
    values->needles = needle;
}

/* A letter of which only a part was matched is replaced whole. */
static size_t whole_letter(const struct scrub_view *view, size_t i)
{
    while (i < view->letters.count && view->letters.starts[i] == view->letters.starts[i - 1])
        i++;
    return i;
}

static size_t match_secret(const struct scrub_needle *needle, const struct scrub_view *view, size_t i)
{
    if (needle->count > view->letters.count - i ||
        memcmp(view->letters.codes + i, needle->codes, needle->count * sizeof *needle->codes) != 0)
        return 0;
    return whole_letter(view, i + needle->count);
}

static size_t match_needle(const struct scrub_needle *needle, const struct scrub_view *view, size_t i)
{
    size_t found = 0, gap = 0;
    for (; found < needle->count; i++) {
        if (i == view->letters.count)
            return 0;
        if (view->kinds[i] != SCRUB_OTHER) {
            if (view->letters.codes[i] != needle->codes[found])
                return 0;
            found++;
            gap = 0;
        } else if (!needle->is_loose || ++gap > GAP_MAX) {
            return 0;
        }
    }
    i = whole_letter(view, i);
    return needle->is_free || view->borders[i] ? i : 0;
}

/* Whether these digits tell which number it is. */
static bool is_part(const char *number, const char *digits, size_t count)
{
    size_t len = strlen(number);
    if (count > len)
        return false;
    if (count >= TAIL && memcmp(number + len - count, digits, count) == 0)
        return true;
    return count >= PART_DIGITS_MIN && memmem(number, len, digits, count);
}

/* Digits in groups: the most of them that are a part of one of the numbers. */
static size_t match_number(const struct scrub_values *values, const struct scrub_view *view, size_t i,
                           const char **name)
{
    char digits[DIGITS_MAX];
    size_t count = 0, gap = 0, best = 0;
    if (view->kinds[i] != SCRUB_DIGIT || (i > 0 && view->kinds[i - 1] == SCRUB_DIGIT))
        return 0;
    for (; i < view->letters.count && gap <= GAP_MAX && count < DIGITS_MAX; i++) {
        if (view->kinds[i] == SCRUB_LETTER)
            break;
        gap = view->kinds[i] == SCRUB_DIGIT ? 0 : gap + 1;
        if (gap > 0)
            continue;
        digits[count++] = (char)view->letters.codes[i];
        if (view->kinds[i + 1] == SCRUB_DIGIT)
            continue;
        for (const struct scrub_number *number = values->numbers; number; number = number->next)
            if (is_part(number->digits, digits, count)) {
                best = i + 1;
                *name = number->name;
            }
    }
    return best;
}

/* The plus of a phone number is replaced with it. */
static bool is_plus(const struct scrub_view *view, size_t i)
{
    return view->letters.codes[i] == '+' && view->kinds[i + 1] == SCRUB_DIGIT;
}

size_t scrub_values_match(const struct scrub_values *values, const struct scrub_view *view, size_t i,
                          const char **name)
{
    const char *of_number = NULL;
    size_t best = 0, end;
    if (i >= view->letters.count)
        return 0;
    if (is_plus(view, i))
        best = scrub_values_match(values, view, i + 1, name);
    bool may_begin = view->borders[i] && view->kinds[i] != SCRUB_OTHER;
    for (const struct scrub_needle *needle = values->needles; needle; needle = needle->next) {
        if (needle->is_secret)
            end = match_secret(needle, view, i);
        else
            end = may_begin || (needle->is_free && view->kinds[i] != SCRUB_OTHER)
                      ? match_needle(needle, view, i)
                      : 0;
        if (end > best) {
            best = end;
            *name = needle->name;
        }
    }
    for (const struct scrub_date *date = values->dates; may_begin && date; date = date->next) {
        end = scrub_date_match(view, i, date);
        if (end > best) {
            best = end;
            *name = date->name;
        }
    }
    end = may_begin ? match_number(values, view, i, &of_number) : 0;
    if (end > best) {
        best = end;
        *name = of_number;
    }
    return best;
}
