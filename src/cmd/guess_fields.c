/* The members of `fields`: columns by their names, and what their values prove or leave open. */
#include <stdio.h>
#include <string.h>

#include "cmd/guess_column.h"
#include "cmd/guess_write.h"
#include "core/text.h"
#include "model/language.h"
#include "model/synonyms.h"
#include "rules/words.h"

enum {
    WORDS_SHOWN = 20,
    WORD_SHOWN_MAX = 60, /* bytes */
    COLUMNS_SHOWN = 100,
    LINE_WIDTH = 110,
    NEAREST_MIN = 4, /* bytes: of shorter words any other is near */
    REMARK_COLUMN = 44,
    LOOKS_LIKE_PERCENT = 80, /* of the values, to say so of a column without a field */
};

struct guess {
    struct guess_sample *sample;
    const struct provider *provider;
    struct synonym_match matches[FIELD_COUNT];
    struct buffer *out;
    size_t todos;
};

static bool is_required(const struct guess *guess, enum field_id field)
{
    const struct provider_field *item = provider_fields_find(guess->provider->fields, field);

    bool of_most = item && (item->whom == PROVIDER_EVERYBODY || item->whom == PROVIDER_INDIVIDUALS);
    return field == FIELD_EXTERNAL_ID || (item && item->required && of_most);
}

static const char *const *choices_of(const struct guess *guess, enum field_id field)
{
    static const char *const customer_types[] = {"individual", "business", NULL};
    const struct provider_field *item = provider_fields_find(guess->provider->fields, field);

    if (field_table[field].type != FIELD_TYPE_ENUM)
        return NULL;
    if (item && item->values)
        return item->values;
    if (field == FIELD_CUSTOMER_TYPE)
        return customer_types;
    return field == FIELD_LANGUAGE ? language_codes : NULL;
}

static char separator_of(const struct guess *guess, enum field_id field, size_t column)
{
    enum field_type type = field_table[field].type;

    if (type != FIELD_TYPE_COUNTRY_LIST && type != FIELD_TYPE_TEXT_LIST)
        return 0;
    return guess_column_split(guess->sample, column, type);
}

/* A column's name; of an array, where one value is wanted, its first item. */
static void write_column(const struct guess *guess, enum field_id field, size_t column)
{
    enum field_type type = field_table[field].type;
    bool is_list = type == FIELD_TYPE_COUNTRY_LIST || type == FIELD_TYPE_TEXT_LIST;
    struct slice name = guess->sample->columns[column];

    if (guess->sample->is_list[column] && !is_list)
        name = arena_printf(&guess->sample->arena, "%.*s[0]", (int)name.len, name.data);
    guess_write_scalar(guess->out, name);
}

/* `phone: mobile`, or `date_of_birth: {column: dob, format: DD/MM/YYYY, zone: Europe/Berlin}`. */
static void write_mapping(const struct guess *guess, enum field_id field, size_t column, const char *format,
                          const char *zone)
{
    struct buffer *out = guess->out;
    char split = separator_of(guess, field, column);

    buffer_printf(out, "%s: ", field_name(field));
    if (format || split || zone)
        buffer_append_text(out, "{column: ");
    write_column(guess, field, column);
    if (format)
        buffer_printf(out, strchr(format, ':') ? ", format: '%s'" : ", format: %s", format);
    if (zone)
        buffer_printf(out, ", zone: %s", zone);
    if (split)
        buffer_printf(out, ", split: \"%c\"", split);
    if (format || split || zone)
        buffer_append_char(out, '}');
}

/* Remarks stand below each other where there is room. */
static void begin_remark(struct buffer *out)
{
    const char *newline = out->len ? memrchr(out->data, '\n', out->len) : NULL;
    size_t start = newline ? (size_t)(newline - out->data) + 1 : 0;

    size_t width = text_count_chars(slice_make(out->data + start, out->len - start));
    do
        buffer_append_char(out, ' ');
    while (++width < REMARK_COLUMN);
    buffer_append_text(out, "# ");
}

/* How sure a match is, behind its line. */
static void write_confidence(struct guess *guess, enum field_id field)
{
    static const char *const fits[] = {[SYNONYM_NONE] = "",
                                       [SYNONYM_WEAK] = "CHECK: its name is a weak hint",
                                       [SYNONYM_PART] = "by the end of its name",
                                       [SYNONYM_USUAL] = "a usual name for it",
                                       [SYNONYM_NAME] = ""};
    const struct synonym_match *match = &guess->matches[field];
    struct guess_sample *sample = guess->sample;
    size_t filled = guess_column_filled(sample, match->column);
    size_t plausible = guess_column_plausible(sample, match->column, field_table[field].type);
    size_t empty = sample->row_count - filled;
    struct buffer text;

    buffer_init(&text, 256);
    if (sample->row_count && filled == 0)
        buffer_append_text(&text, "CHECK: it is empty in the whole sample");
    else if (plausible * 2 < filled)
        buffer_printf(&text, "CHECK: only %zu of its %zu values look like one", plausible, filled);
    else if (plausible < filled)
        buffer_printf(&text, "%zu of its %zu values do not look like one", filled - plausible, filled);
    else if (empty && is_required(guess, field))
        buffer_printf(&text, "empty in %zu of %zu rows, and the provider needs it", empty, sample->row_count);
    if (fits[match->fit][0] || text.len) {
        begin_remark(guess->out);
        buffer_printf(guess->out, "%s%s%s", fits[match->fit], fits[match->fit][0] && text.len ? "; " : "",
                      text.len ? text.data : "");
    }
    buffer_append_char(guess->out, '\n');
    buffer_clear(&text);
}

static void write_todo(struct guess *guess, enum field_id field, const char *what)
{
    guess->todos++;
    buffer_printf(guess->out, "  # TODO %s: %s\n", field_name(field), what);
}

static void write_rivals(struct guess *guess, enum field_id field)
{
    const struct synonym_match *match = &guess->matches[field];
    const size_t columns[] = {match->column, match->rival};

    write_todo(guess, field, "two columns fit equally well. Keep one of these lines:");
    for (size_t i = 0; i < 2; i++) {
        buffer_append_text(guess->out, "  # ");
        write_mapping(guess, field, columns[i], NULL, NULL);
        buffer_printf(guess->out, "    # filled in %zu of %zu rows\n",
                      guess_column_filled(guess->sample, columns[i]), guess->sample->row_count);
    }
}

static void write_odd_times(struct guess *guess, enum field_id field, const struct guess_dates *dates)
{
    buffer_printf(
        guess->out,
        "  # CHECK: %zu of these values have a time of day, so their day is not certain, and they are rejected (%s/time).\n  # Add `zone: AREA/CITY` if they are instants of a time zone, or `time: drop` if the date is right as it is written.\n",
        dates->odd, field_name(field));
}

static void write_zone_remark(struct buffer *out, const struct guess_dates *dates)
{
    begin_remark(out);
    buffer_printf(out, "CHECK the zone: %zu of %zu instants begin a day there", dates->zone_fits,
                  dates->instants);
    for (size_t i = 0; i < sizeof dates->same_zone / sizeof *dates->same_zone && dates->same_zone[i]; i++)
        buffer_printf(out, "%s%s", i ? ", " : ", and in ", dates->same_zone[i]);
}

static void write_date(struct guess *guess, enum field_id field)
{
    struct guess_dates dates;
    size_t column = guess->matches[field].column;
    struct buffer *out = guess->out;

    guess_column_dates(guess->sample, column, &dates);
    if (dates.order == GUESS_DATES_OPEN) {
        write_todo(guess, field,
                   "the data does not prove in which order day and month stand. Keep one line:");
        for (int i = 0; i < 2; i++) {
            buffer_append_text(out, "  # ");
            write_mapping(guess, field, column, dates.formats[i], dates.zone);
            buffer_printf(out, "    # %zu values can only be read so, %zu either way\n", dates.proofs[i],
                          dates.either);
        }
        return;
    }
    if (dates.order == GUESS_DATES_OTHER)
        buffer_printf(
            out,
            "  # CHECK: %zu values of this column are of no form that is read (four digits of the year, "
            "numbers only)\n",
            dates.other);
    if (dates.odd && !dates.zone)
        write_odd_times(guess, field, &dates);
    buffer_append_text(out, "  ");
    write_mapping(guess, field, column, dates.order == GUESS_DATES_KNOWN ? dates.formats[0] : NULL,
                  dates.zone);
    if (dates.order == GUESS_DATES_KNOWN) {
        begin_remark(out);
        buffer_printf(out, "proven by %zu values", dates.proofs[0]);
        if (dates.other)
            buffer_printf(out, "; %zu are of another form", dates.other);
    }
    if (dates.zone)
        write_zone_remark(out, &dates);
    if (dates.order == GUESS_DATES_KNOWN || dates.zone)
        buffer_append_char(out, '\n');
    else
        write_confidence(guess, field);
}

/* The provider's words, as comment lines of readable width. */
static void write_choices(const struct guess *guess, const char *const *choices)
{
    struct buffer *out = guess->out;
    size_t start = out->len;

    buffer_printf(out, "    # %s knows:", guess->provider->name);
    for (size_t i = 0; choices[i]; i++) {
        if (out->len - start + strlen(choices[i]) > LINE_WIDTH) {
            buffer_append_text(out, "\n    #  ");
            start = out->len - 7;
        }
        buffer_printf(out, " %s%s", choices[i], choices[i + 1] ? "," : "");
    }
    buffer_append_char(out, '\n');
}

static void write_unknown_word(const struct guess *guess, const struct guess_word *word,
                               const char *const *choices)
{
    struct slice shown = text_shorten(word->text, WORD_SHOWN_MAX);
    const char *nearest = word->text.len >= NEAREST_MIN ? text_nearest(word->text, choices) : NULL;

    buffer_append_text(guess->out, "    #   ");
    guess_write_scalar(guess->out, shown);
    buffer_printf(guess->out, ": %s    # %zu row%s%s%s\n", nearest ? nearest : "?", word->count,
                  word->count == 1 ? "" : "s", nearest ? ", the nearest" : "",
                  shown.len < word->text.len ? ", shortened here" : "");
}

static void write_enum(struct guess *guess, enum field_id field, const char *const *choices)
{
    struct guess_sample *sample = guess->sample;
    size_t column = guess->matches[field].column, count, unknown = 0;
    bool more;
    struct guess_word *seen = guess_column_words(sample, column, &count, &more);
    struct words *known = words_new(true);

    for (size_t i = 0; choices[i]; i++)
        words_add(known, slice_from(choices[i]), slice_from(choices[i]));
    for (size_t i = 0; i < count; i++)
        if (!words_find(known, seen[i].text))
            seen[unknown++] = seen[i];
    words_free(known);
    buffer_append_text(guess->out, "  ");
    if (unknown == 0) {
        write_mapping(guess, field, column, NULL, NULL);
        write_confidence(guess, field);
        return;
    }
    buffer_printf(guess->out, "%s:", field_name(field));
    write_confidence(guess, field);
    buffer_append_text(guess->out, "    column: ");
    write_column(guess, field, column);
    buffer_printf(
        guess->out,
        "\n    # CHECK: words of the sample that the provider does not know: %s%zu. Say what each stands for:\n",
        more ? "more than " : "", unknown);
    if (choices != language_codes)
        write_choices(guess, choices);
    buffer_append_text(guess->out, "    # values:\n");
    for (size_t i = 0; i < unknown && i < WORDS_SHOWN; i++)
        write_unknown_word(guess, &seen[i], choices);
    if (unknown > WORDS_SHOWN)
        buffer_printf(guess->out, "    #   (and %zu more)\n", unknown - WORDS_SHOWN);
    buffer_append_text(guess->out, "    # otherwise: WORD    # for all that are not listed\n");
}

static void write_missing(struct guess *guess, enum field_id field)
{
    char what[160];
    int len =
        snprintf(what, sizeof what, "%s needs it, and no column fits: `%s: COLUMN`%s",
                 field == FIELD_EXTERNAL_ID ? "every job" : guess->provider->name, field_name(field),
                 field == FIELD_EXTERNAL_ID ? "" : ", `{value: …}` for all, or a rule `required: false`");

    if (len > 0)
        write_todo(guess, field, what);
}

static void write_field(struct guess *guess, enum field_id field)
{
    const struct synonym_match *match = &guess->matches[field];
    const char *const *choices = choices_of(guess, field);

    if (match->column == SYNONYMS_NO_COLUMN) {
        if (is_required(guess, field))
            write_missing(guess, field);
    } else if (match->fit == SYNONYM_WEAK && !is_required(guess, field)) {
        buffer_append_text(guess->out, "  # ");
        write_mapping(guess, field, match->column, NULL, NULL);
        write_confidence(guess, field);
    } else if (match->rival != SYNONYMS_NO_COLUMN) {
        write_rivals(guess, field);
    } else if (field_table[field].type == FIELD_TYPE_DATE) {
        write_date(guess, field);
    } else if (choices) {
        write_enum(guess, field, choices);
    } else {
        buffer_append_text(guess->out, "  ");
        write_mapping(guess, field, match->column, NULL, NULL);
        write_confidence(guess, field);
    }
}

/* What a column without a field holds, as far as that can be seen without showing it. */
static const char *look_of(struct guess_sample *sample, size_t column, size_t filled)
{
    static const struct {
        enum field_type type;
        const char *words;
    } looks[] = {{FIELD_TYPE_EMAIL, "; they look like e-mail addresses"},
                 {FIELD_TYPE_COUNTRY, "; they look like countries"}};

    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (filled &&
            guess_column_plausible(sample, column, looks[i].type) * 100 >= filled * LOOKS_LIKE_PERCENT)
            return looks[i].words;
    return "";
}

static bool is_used(const struct guess *guess, size_t column)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        bool takes = i == FIELD_CUSTOMER_TYPE || i == FIELD_EXTERNAL_ID || i == FIELD_COUNTRY ||
                     provider_fields_find(guess->provider->fields, (enum field_id)i);
        if (takes && (guess->matches[i].column == column || guess->matches[i].rival == column))
            return true;
    }
    return false;
}

static void write_unused(struct guess *guess)
{
    struct guess_sample *sample = guess->sample;
    size_t unused = 0;

    for (size_t column = 0; column < sample->column_count; column++) {
        if (is_used(guess, column))
            continue;
        if (unused++ == 0)
            buffer_append_text(guess->out, "\n  # Columns that no field was found for:\n");
        if (unused > COLUMNS_SHOWN)
            continue;
        size_t filled = guess_column_filled(sample, column);
        buffer_append_text(guess->out, "  #   ");
        guess_write_scalar(guess->out, sample->columns[column]);
        buffer_printf(guess->out, "    filled in %zu of %zu rows%s\n", filled, sample->row_count,
                      look_of(sample, column, filled));
    }
    if (unused > COLUMNS_SHOWN)
        buffer_printf(guess->out, "  #   (and %zu more)\n", unused - COLUMNS_SHOWN);
}

/* What the provider would take besides, and the export does not name. */
static void write_optional(struct guess *guess)
{
    struct buffer *out = guess->out;
    const char *comma = "";
    size_t start = 0;

    for (size_t i = 0; i < guess->provider->fields->field_count; i++) {
        enum field_id field = guess->provider->fields->fields[i].field;
        if (guess->matches[field].column != SYNONYMS_NO_COLUMN || is_required(guess, field))
            continue;
        if (start == 0) {
            buffer_printf(out, "\n  # %s would take these too:", guess->provider->name);
            start = out->len - 40;
            comma = "";
        } else if (out->len - start > LINE_WIDTH - 10) {
            buffer_append_text(out, ",\n  #  ");
            start = out->len - 5;
            comma = "";
        }
        buffer_printf(out, "%s %s", comma, field_name(field));
        comma = ",";
    }
    if (start)
        buffer_append_char(out, '\n');
}

size_t guess_write_fields(struct guess_sample *sample, const struct provider *provider, struct buffer *out)
{
    struct guess guess = {.sample = sample, .provider = provider, .out = out};

    synonyms_match(sample->columns, sample->column_count, guess.matches);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        enum field_id field = (enum field_id)i;
        if (field == FIELD_EXTERNAL_ID || field == FIELD_CUSTOMER_TYPE || field == FIELD_COUNTRY ||
            provider_fields_find(provider->fields, field))
            write_field(&guess, field);
    }
    write_optional(&guess);
    write_unused(&guess);
    return guess.todos;
}
