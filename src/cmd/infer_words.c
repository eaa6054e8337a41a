#include "cmd/infer_words.h"

#include <string.h>

#include "cmd/infer_column.h"
#include "cmd/yaml_scalar.h"
#include "core/text.h"
#include "core/utf8.h"
#include "model/language.h"
#include "rules/value_map.h"

enum {
    WORDS_SHOWN = 20,
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

static void write_unknown_word(const struct infer_writer *writer, const struct infer_word *word,
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

void infer_words_write(struct infer_writer *writer, enum field_id field, const char *const *choices)
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
        "\n    # CHECK: words of the sample that the provider does not accept: %s%zu. Give each a word of the provider:\n",
        more ? "more than " : "", unknown);
    if (choices != language_codes)
        infer_words_list(writer, choices);
    buffer_append_text(writer->out, "    # values:\n");
    for (size_t i = 0; i < unknown && i < WORDS_SHOWN; i++)
        write_unknown_word(writer, &seen[i], choices);
    if (unknown > WORDS_SHOWN)
        buffer_printf(writer->out, "    #   (and %zu more)\n", unknown - WORDS_SHOWN);
    buffer_append_text(writer->out, "    # otherwise: WORD    # for all other words\n");
}
