#include "cmd/infer_words.h"

#include <string.h>

#include "cmd/infer_column.h"
#include "cmd/words_write.h"
#include "cmd/yaml_scalar.h"
#include "core/ascii.h"
#include "core/plural.h"
#include "core/text.h"
#include "core/utf8.h"
#include "model/country.h"
#include "model/language.h"
#include "rules/enum_words.h"
#include "rules/value_map.h"

enum {
    WORDS_SHOWN = 20,
    WORDS_FEW = 5,
    DIGITS_SHOWN = 5,
    WORD_SHOWN_MAX = 60, /* bytes */
    NEAREST_MIN = 4,     /* bytes: to a shorter word, any other is near */
};

const char *const *infer_words_of(const struct infer_writer *writer, enum field_id field)
{
    const struct provider_field *item = provider_fields_find(writer->provider->fields, field);

    if (field_table[field].type != FIELD_TYPE_ENUM)
        return NULL;
    if (item && item->values)
        return item->values;
    return field_words(field);
}

/* The provider's words as comment lines. */
void infer_words_list(const struct infer_writer *writer, const char *const *choices)
{
    struct buffer *out = writer->out;
    size_t start = out->len;

    buffer_printf(out, "    # words of %s:", writer->provider->name);
    for (size_t i = 0; choices[i]; i++) {
        if (out->len - start + strlen(choices[i]) > INFER_LINE_WIDTH) {
            buffer_append_text(out, "\n    #  ");
            start = out->len - 7;
        }
        buffer_printf(out, " %s%s", choices[i], choices[i + 1] ? "," : "");
    }
    buffer_append_char(out, '\n');
}

/* The word that is most like an unknown one: of the provider's, or a country's code; NULL: none is near. */
static const char *find_nearest(const struct infer_writer *writer, struct slice text,
                                const char *const *choices)
{
    if (text.len < NEAREST_MIN)
        return NULL;
    if (choices)
        return text_nearest_value(text, choices);
    const struct country *country = country_nearest(text, &writer->sample->arena);
    return country ? country->alpha2 : NULL;
}

static void write_unknown_word(const struct infer_writer *writer, enum field_id field,
                               const struct infer_word *word, const char *const *choices)
{
    struct slice shown = utf8_shorten(word->text, WORD_SHOWN_MAX);
    const char *nearest = find_nearest(writer, word->text, choices);

    buffer_append_text(writer->out, "    #   ");
    yaml_scalar_append(writer->out, shown);
    buffer_printf(writer->out, ": %s    # %zu row%s%s%s\n",
                  nearest ? nearest : words_write_placeholder(field, choices), word->count,
                  word->count == 1 ? "" : "s", nearest ? ", the nearest" : "",
                  shown.len < word->text.len ? ", shortened here" : "");
}

/* Whether the field takes a word as it is. known: the provider's words, of an enumeration. */
static bool is_taken(const struct infer_writer *writer, enum field_id field, struct slice text,
                     const struct value_map *known)
{
    const struct country *country;
    const char *names;

    if (field_table[field].type == FIELD_TYPE_ENUM)
        return value_map_find(known, text) ||
               enum_words_find(field, infer_words_of(writer, field), NULL, text, &writer->sample->arena);
    return country_read(text, &writer->sample->arena, &country, &names) == COUNTRY_FOUND;
}

/* Moves the words that the field does not take to the front. Returns their number. */
static size_t find_unknown(const struct infer_writer *writer, enum field_id field, const char *const *choices,
                           struct infer_word *words, size_t count)
{
    struct value_map *known = value_map_new(true);
    bool letters_are_open = false;
    size_t unknown = 0;

    for (size_t i = 0; choices && choices[i]; i++)
        value_map_add(known, slice_from(choices[i]), slice_from(choices[i]));
    /* M is mujer beside H: one letter that is not known leaves open what the others stand for. */
    for (size_t i = 0; field == FIELD_GENDER && i < count; i++)
        letters_are_open |= words[i].text.len == 1 && !is_taken(writer, field, words[i].text, known);
    for (size_t i = 0; i < count; i++)
        if (!is_taken(writer, field, words[i].text, known) || (letters_are_open && words[i].text.len == 1))
            words[unknown++] = words[i];
    value_map_free(known);
    return unknown;
}

/* An e-mail address or a number in a column of words is a customer's. */
static bool may_be_shown(struct slice text)
{
    size_t digits = 0;

    for (size_t i = 0; i < text.len; i++)
        digits += ascii_is_digit(text.data[i]);
    return digits < DIGITS_SHOWN && !memchr(text.data, '@', text.len);
}

/* Words that hardly ever repeat are no enumeration, and may be customers' data: they are not shown. */
static bool is_enumeration(const struct infer_sample *sample, size_t column, size_t distinct)
{
    return distinct <= WORDS_FEW || distinct * 2 <= infer_column_filled(sample, column);
}

bool infer_words_apply(const struct infer_writer *writer, enum field_id field)
{
    enum field_type type = field_table[field].type;
    size_t column = writer->matches.of[field].column;

    return infer_words_of(writer, field) || type == FIELD_TYPE_COUNTRY ||
           (type == FIELD_TYPE_COUNTRY_LIST && !writer->sample->is_list[column] &&
            !infer_column_split(writer->sample, column, type));
}

void infer_words_write(struct infer_writer *writer, enum field_id field)
{
    struct infer_sample *sample = writer->sample;
    const char *const *choices = infer_words_of(writer, field);
    size_t column = writer->matches.of[field].column, count;
    bool more;
    struct infer_word *words = infer_column_words(sample, column, &count, &more);
    bool is_shown = !more && is_enumeration(sample, column, count);
    size_t unknown = find_unknown(writer, field, choices, words, count);

    buffer_append_text(writer->out, "  ");
    if (unknown == 0) {
        infer_line_mapping(writer, field, column);
        infer_line_confidence(writer, field);
        return;
    }
    buffer_printf(writer->out, "%s:", field_name(field));
    infer_line_confidence(writer, field);
    buffer_append_text(writer->out, "    column: ");
    infer_line_column(writer, field, column);
    buffer_printf(
        writer->out,
        choices
            ? "\n    # CHECK: %s%zu word%s of the sample that the provider does not accept. Give each one that it does:\n"
            : "\n    # CHECK: %s%zu word%s of the sample that %s not known as %s. Give each a country:\n",
        more ? "more than " : "", unknown, plural_s(unknown), unknown == 1 ? "is" : "are",
        unknown == 1 ? "a country" : "countries");
    if (choices && choices != language_codes)
        infer_words_list(writer, choices);
    buffer_append_text(writer->out, "    # values:\n");
    size_t shown = 0;
    for (size_t i = 0; is_shown && i < unknown && shown < WORDS_SHOWN; i++)
        if (may_be_shown(words[i].text)) {
            write_unknown_word(writer, field, &words[i], choices);
            shown++;
        }
    if (shown < unknown)
        buffer_printf(writer->out, "    #   (and %zu more, which `kyc-import words` lists)\n",
                      unknown - shown);
}
