#include "cmd/infer_fields.h"

#include <stdio.h>
#include <string.h>

#include "cmd/infer_column.h"
#include "cmd/infer_match.h"
#include "cmd/yaml_scalar.h"
#include "core/text.h"
#include "core/utf8.h"
#include "model/language.h"
#include "rules/value_map.h"

enum {
    WORDS_SHOWN = 20,
    WORD_SHOWN_MAX = 60, /* bytes */
    COLUMNS_SHOWN = 100,
    LINE_WIDTH = 110,
    NEAREST_MIN = 4, /* bytes: to a shorter word, any other is near */
    REMARK_COLUMN = 44,
    LOOKS_LIKE_PERCENT = 80, /* of the values */
};

struct field_writer {
    struct infer_sample *sample;
    const struct provider *provider;
    struct infer_matches matches;
    struct buffer *out;
    size_t todos;
};

static bool is_required(const struct field_writer *writer, enum field_id field)
{
    const struct provider_field *item = provider_fields_find(writer->provider->fields, field);

    bool is_common =
        item && (item->applies_to == PROVIDER_EVERYBODY || item->applies_to == PROVIDER_INDIVIDUALS);
    return field == FIELD_EXTERNAL_ID || (item && item->required && is_common);
}

static const char *const *choices_of(const struct field_writer *writer, enum field_id field)
{
    const struct provider_field *item = provider_fields_find(writer->provider->fields, field);

    if (field_table[field].type != FIELD_TYPE_ENUM)
        return NULL;
    if (item && item->values)
        return item->values;
    return field_words(field);
}

static char separator_of(const struct field_writer *writer, enum field_id field, size_t column)
{
    enum field_type type = field_table[field].type;

    if (type != FIELD_TYPE_COUNTRY_LIST && type != FIELD_TYPE_TEXT_LIST)
        return 0;
    return infer_column_split(writer->sample, column, type);
}

/* The column's name; for a field of one value, the first item of an array. */
static void write_column(const struct field_writer *writer, enum field_id field, size_t column)
{
    enum field_type type = field_table[field].type;
    bool is_list = type == FIELD_TYPE_COUNTRY_LIST || type == FIELD_TYPE_TEXT_LIST;
    struct slice name = writer->sample->columns[column];

    const char *every = memmem(name.data, name.len, "[*]", 3);
    if (writer->sample->is_list[column] && !is_list && every)
        name =
            arena_printf(&writer->sample->arena, "%.*s[0]%s", (int)(every - name.data), name.data, every + 3);
    else if (writer->sample->is_list[column] && !is_list)
        name = arena_printf(&writer->sample->arena, "%.*s[0]", (int)name.len, name.data);
    yaml_scalar_append(writer->out, name);
}

/* `phone: mobile`, or `date_of_birth: {column: dob, format: DD/MM/YYYY, zone: Europe/Berlin}`. */
static void write_mapping(const struct field_writer *writer, enum field_id field, size_t column,
                          const char *format, const char *zone)
{
    struct buffer *out = writer->out;
    char split = separator_of(writer, field, column);

    buffer_printf(out, "%s: ", field_name(field));
    if (format || split || zone)
        buffer_append_text(out, "{column: ");
    write_column(writer, field, column);
    if (format)
        buffer_printf(out, strchr(format, ':') ? ", format: '%s'" : ", format: %s", format);
    if (zone)
        buffer_printf(out, ", zone: %s", zone);
    if (split)
        buffer_printf(out, ", split: \"%c\"", split);
    if (format || split || zone)
        buffer_append_char(out, '}');
}

/* Remarks begin in one column where there is space. */
static void begin_remark(struct buffer *out)
{
    const char *newline = out->len ? memrchr(out->data, '\n', out->len) : NULL;
    size_t start = newline ? (size_t)(newline - out->data) + 1 : 0;

    size_t width = utf8_count(slice_skip(buffer_slice(out), start));
    do
        buffer_append_char(out, ' ');
    while (++width < REMARK_COLUMN);
    buffer_append_text(out, "# ");
}

static const char *describe_fit(struct field_writer *writer, const struct infer_match *match)
{
    static const char *const fits[] = {[SYNONYM_NONE] = "",
                                       [SYNONYM_WEAK] = "CHECK: its name is a weak hint",
                                       [SYNONYM_TOKENS] = "by the words of its name",
                                       [SYNONYM_PART] = "by the end of its name",
                                       [SYNONYM_USUAL] = "a usual name for it",
                                       [SYNONYM_NAME] = ""};

    if (!match->is_last_resort)
        return fits[match->fit];
    writer->todos++;
    return infer_column_is_distinct(writer->sample, match->column)
               ? "TODO external_id: no name of a column fits; its values are distinct"
               : "TODO external_id: no column fits";
}

/* Appends how certain a match is to its line. */
static void write_confidence(struct field_writer *writer, enum field_id field)
{
    const struct infer_match *match = &writer->matches.of[field];
    struct infer_sample *sample = writer->sample;
    size_t filled = infer_column_filled(sample, match->column);
    size_t plausible = infer_column_plausible(sample, match->column, field_table[field].type);
    size_t empty = sample->row_count - filled;
    struct buffer text;

    buffer_init(&text, 256);
    if (sample->row_count && filled == 0)
        buffer_append_text(&text, "CHECK: it is empty in the whole sample");
    else if (plausible * 2 < filled)
        buffer_printf(&text, "CHECK: only %zu of its %zu values look like one", plausible, filled);
    else if (plausible < filled)
        buffer_printf(&text, "%zu of its %zu values do not look like one", filled - plausible, filled);
    else if (empty && is_required(writer, field))
        buffer_printf(&text, "empty in %zu of %zu rows, and the provider needs it", empty, sample->row_count);
    const char *fit = describe_fit(writer, match);
    if (fit[0] || text.len) {
        begin_remark(writer->out);
        buffer_printf(writer->out, "%s%s%s", fit, fit[0] && text.len ? "; " : "", text.len ? text.data : "");
    }
    buffer_append_char(writer->out, '\n');
    buffer_clear(&text);
}

/* The columns that fit too, in a line of their own. */
static void write_rivals(const struct field_writer *writer, const struct infer_match *match)
{
    struct buffer *out = writer->out;
    const struct infer_sample *sample = writer->sample;

    if (match->is_other_address)
        buffer_append_text(out, "  #   CHECK: of another address than the lines above and below\n");
    if (match->rival_count == 0)
        return;
    buffer_append_text(out, match->is_open ? "  #   CHECK: fits equally well:" : "  #   fits too:");
    for (size_t i = 0; i < match->rival_count; i++) {
        buffer_append_text(out, i ? ", " : " ");
        yaml_scalar_append(out, sample->columns[match->rivals[i]]);
        buffer_printf(out, " (filled in %zu of %zu rows)", infer_column_filled(sample, match->rivals[i]),
                      sample->row_count);
    }
    buffer_append_char(out, '\n');
}

static void write_todo(struct field_writer *writer, enum field_id field, const char *what)
{
    writer->todos++;
    buffer_printf(writer->out, "  # TODO %s: %s\n", field_name(field), what);
}

static void write_uncertain_days(struct field_writer *writer, enum field_id field,
                                 const struct infer_dates *dates)
{
    buffer_printf(
        writer->out,
        "  # CHECK: %zu of these values have a time of day, so their day is not certain, and they are rejected (%s/time).\n  # Add `zone: AREA/CITY` if they are instants of a time zone, or `time: drop` if the date is right as it is written.\n",
        dates->uncertain, field_name(field));
}

static void write_zone_remark(struct buffer *out, const struct infer_dates *dates)
{
    begin_remark(out);
    buffer_printf(out, "CHECK the zone: %zu of %zu instants begin a day there", dates->zone_fits,
                  dates->instants);
    for (size_t i = 0; i < sizeof dates->same_zone / sizeof *dates->same_zone && dates->same_zone[i]; i++)
        buffer_printf(out, "%s%s", i ? ", " : ", and in ", dates->same_zone[i]);
}

static void write_date(struct field_writer *writer, enum field_id field)
{
    struct infer_dates dates;
    size_t column = writer->matches.of[field].column;
    struct buffer *out = writer->out;

    infer_column_dates(writer->sample, column, &dates);
    if (dates.order == INFER_DATES_OPEN) {
        write_todo(writer, field,
                   "the data does not prove the order of day and month. Keep one of these lines:");
        for (int i = 0; i < 2; i++) {
            buffer_append_text(out, "  # ");
            write_mapping(writer, field, column, dates.formats[i], dates.zone);
            buffer_printf(out, "    # %zu values can be read in this order only, %zu in both\n",
                          dates.proofs[i], dates.either);
        }
        return;
    }
    if (dates.order == INFER_DATES_OTHER)
        buffer_printf(
            out,
            "  # CHECK: %zu values of this column are of no form that is read (four digits of the year, numbers only)\n",
            dates.other);
    if (dates.uncertain && !dates.zone)
        write_uncertain_days(writer, field, &dates);
    buffer_append_text(out, "  ");
    write_mapping(writer, field, column, dates.order == INFER_DATES_KNOWN ? dates.formats[0] : NULL,
                  dates.zone);
    if (dates.order == INFER_DATES_KNOWN) {
        begin_remark(out);
        buffer_printf(out, "proven by %zu values", dates.proofs[0]);
        if (dates.other)
            buffer_printf(out, "; %zu are of another form", dates.other);
    }
    if (dates.zone)
        write_zone_remark(out, &dates);
    if (dates.order == INFER_DATES_KNOWN || dates.zone)
        buffer_append_char(out, '\n');
    else
        write_confidence(writer, field);
}

/* The provider's words as comment lines. */
static void write_choices(const struct field_writer *writer, const char *const *choices)
{
    struct buffer *out = writer->out;
    size_t start = out->len;

    buffer_printf(out, "    # words of %s:", writer->provider->name);
    for (size_t i = 0; choices[i]; i++) {
        if (out->len - start + strlen(choices[i]) > LINE_WIDTH) {
            buffer_append_text(out, "\n    #  ");
            start = out->len - 7;
        }
        buffer_printf(out, " %s%s", choices[i], choices[i + 1] ? "," : "");
    }
    buffer_append_char(out, '\n');
}

static void write_unknown_word(const struct field_writer *writer, const struct infer_word *word,
                               const char *const *choices)
{
    struct slice shown = utf8_shorten(word->text, WORD_SHOWN_MAX);
    const char *nearest = word->text.len >= NEAREST_MIN ? text_nearest(word->text, choices) : NULL;

    buffer_append_text(writer->out, "    #   ");
    yaml_scalar_append(writer->out, shown);
    buffer_printf(writer->out, ": %s    # %zu row%s%s%s\n", nearest ? nearest : "?", word->count,
                  word->count == 1 ? "" : "s", nearest ? ", the nearest" : "",
                  shown.len < word->text.len ? ", shortened here" : "");
}

static void write_enum(struct field_writer *writer, enum field_id field, const char *const *choices)
{
    struct infer_sample *sample = writer->sample;
    size_t column = writer->matches.of[field].column, count, unknown = 0;
    bool more;
    struct infer_word *seen = infer_column_words(sample, column, &count, &more);
    struct value_map *known = value_map_new(true);

    for (size_t i = 0; choices[i]; i++)
        value_map_add(known, slice_from(choices[i]), slice_from(choices[i]));
    for (size_t i = 0; i < count; i++)
        if (!value_map_find(known, seen[i].text))
            seen[unknown++] = seen[i];
    value_map_free(known);
    buffer_append_text(writer->out, "  ");
    if (unknown == 0) {
        write_mapping(writer, field, column, NULL, NULL);
        write_confidence(writer, field);
        return;
    }
    buffer_printf(writer->out, "%s:", field_name(field));
    write_confidence(writer, field);
    buffer_append_text(writer->out, "    column: ");
    write_column(writer, field, column);
    buffer_printf(
        writer->out,
        "\n    # CHECK: words of the sample that the provider does not accept: %s%zu. Give each a word of the provider:\n",
        more ? "more than " : "", unknown);
    if (choices != language_codes)
        write_choices(writer, choices);
    buffer_append_text(writer->out, "    # values:\n");
    for (size_t i = 0; i < unknown && i < WORDS_SHOWN; i++)
        write_unknown_word(writer, &seen[i], choices);
    if (unknown > WORDS_SHOWN)
        buffer_printf(writer->out, "    #   (and %zu more)\n", unknown - WORDS_SHOWN);
    buffer_append_text(writer->out, "    # otherwise: WORD    # for all other words\n");
}

static void write_missing(struct field_writer *writer, enum field_id field)
{
    char what[160];
    int len =
        snprintf(what, sizeof what, "%s needs it, and no column fits: `%s: COLUMN`%s",
                 field == FIELD_EXTERNAL_ID ? "every job" : writer->provider->name, field_name(field),
                 field == FIELD_EXTERNAL_ID ? "" : ", `{value: …}` for all, or a rule `required: false`");

    if (len > 0)
        write_todo(writer, field, what);
}

static void write_column_line(struct field_writer *writer, enum field_id field)
{
    const struct infer_match *match = &writer->matches.of[field];
    const char *const *choices = choices_of(writer, field);

    if (match->fit == SYNONYM_WEAK && !is_required(writer, field)) {
        buffer_append_text(writer->out, "  # ");
        write_mapping(writer, field, match->column, NULL, NULL);
        write_confidence(writer, field);
    } else if (field_table[field].type == FIELD_TYPE_DATE) {
        write_date(writer, field);
    } else if (choices) {
        write_enum(writer, field, choices);
    } else {
        buffer_append_text(writer->out, "  ");
        write_mapping(writer, field, match->column, NULL, NULL);
        write_confidence(writer, field);
    }
}

static void write_field(struct field_writer *writer, enum field_id field)
{
    const struct infer_match *match = &writer->matches.of[field];

    if (match->column != SYNONYMS_NO_COLUMN) {
        write_column_line(writer, field);
        write_rivals(writer, match);
    } else if (is_required(writer, field)) {
        write_missing(writer, field);
    }
}

/* What the values of a column without a field look like, without showing them. */
static const char *describe_values(struct infer_sample *sample, size_t column, size_t filled)
{
    static const struct {
        enum field_type type;
        const char *words;
    } looks[] = {{FIELD_TYPE_EMAIL, "; they look like e-mail addresses"},
                 {FIELD_TYPE_COUNTRY, "; they look like countries"}};

    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (filled &&
            infer_column_plausible(sample, column, looks[i].type) * 100 >= filled * LOOKS_LIKE_PERCENT)
            return looks[i].words;
    return "";
}

static bool is_used(const struct field_writer *writer, size_t column)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        bool is_sent = i == FIELD_CUSTOMER_TYPE || i == FIELD_EXTERNAL_ID || i == FIELD_COUNTRY ||
                       provider_fields_find(writer->provider->fields, (enum field_id)i);
        const struct infer_match *match = &writer->matches.of[i];
        if (is_sent && match->column == column)
            return true;
        for (size_t j = 0; is_sent && j < match->rival_count; j++)
            if (match->rivals[j] == column)
                return true;
    }
    return false;
}

static void write_unused(struct field_writer *writer)
{
    struct infer_sample *sample = writer->sample;
    size_t unused = 0;

    for (size_t column = 0; column < sample->column_count; column++) {
        if (is_used(writer, column))
            continue;
        if (unused++ == 0)
            buffer_append_text(writer->out, "\n  # Columns without a field:\n");
        if (unused > COLUMNS_SHOWN)
            continue;
        size_t filled = infer_column_filled(sample, column);
        buffer_append_text(writer->out, "  #   ");
        yaml_scalar_append(writer->out, sample->columns[column]);
        buffer_printf(writer->out, "    filled in %zu of %zu rows%s\n", filled, sample->row_count,
                      describe_values(sample, column, filled));
    }
    if (unused > COLUMNS_SHOWN)
        buffer_printf(writer->out, "  #   (and %zu more)\n", unused - COLUMNS_SHOWN);
}

/* The optional fields of the provider that no column matches. */
static void write_optional(struct field_writer *writer)
{
    struct buffer *out = writer->out;
    const char *comma = "";
    size_t start = 0;

    for (size_t i = 0; i < FIELD_COUNT; i++) {
        enum field_id field = (enum field_id)i;
        if (!provider_fields_find(writer->provider->fields, field) ||
            writer->matches.of[field].column != SYNONYMS_NO_COLUMN || is_required(writer, field))
            continue;
        if (start == 0) {
            buffer_printf(out, "\n  # %s also accepts:", writer->provider->name);
            start = out->len - 33;
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

size_t infer_fields_write(struct infer_sample *sample, const struct provider *provider, struct buffer *out)
{
    struct field_writer writer = {.sample = sample, .provider = provider, .out = out};

    infer_match_columns(sample, &writer.matches);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        enum field_id field = (enum field_id)i;
        if (field == FIELD_EXTERNAL_ID || field == FIELD_CUSTOMER_TYPE || field == FIELD_COUNTRY ||
            provider_fields_find(provider->fields, field))
            write_field(&writer, field);
    }
    write_optional(&writer);
    write_unused(&writer);
    return writer.todos;
}
