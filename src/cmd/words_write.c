#include "cmd/words_write.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/yaml_scalar.h"
#include "core/ascii.h"
#include "model/language.h"
#include "report/format_number.h"

enum {
    READ_SHOWN = 20,
    WORD_LEN_MAX = 128, /* bytes: a longer value is no word */
    DIGITS_MAX = 4,
    HIDDEN_MAX = 5,     /* unknown words of the kind that is not shown, and still a column of words */
    FREE_TEXT_MIN = 20, /* unknown words that hardly repeat */
    LINE_WIDTH = 100,
};

/* One field while it is written. */
struct writer {
    struct buffer *out;
    const struct job_mapping *mapping;
    struct source_words *reader;
    const struct words_table *table;
    struct source_word judged[WORDS_TABLE_MAX];
    size_t unknown, hidden; /* words; hidden: of the unknown, those that may be customers' data */
    uint64_t unknown_values;
    struct arena arena;
};

/* An e-mail address or a number in a column of words is a customer's. */
static bool may_be_shown(struct slice text)
{
    size_t digits = 0;

    for (size_t i = 0; i < text.len; i++)
        digits += ascii_is_digit(text.data[i]);
    return digits <= DIGITS_MAX && text.len <= WORD_LEN_MAX && !memchr(text.data, '@', text.len);
}

static bool is_read(const struct writer *writer, size_t index)
{
    return writer->judged[index].state == SOURCE_WORD_READ;
}

static bool is_in_job(const struct writer *writer, struct slice word)
{
    for (size_t i = 0; i < writer->mapping->value_count; i++)
        if (slice_equal(writer->mapping->values[i].from, word))
            return true;
    return false;
}

static void judge_words(struct writer *writer)
{
    const struct words_table *table = writer->table;

    for (size_t i = 0; i < table->count; i++) {
        writer->judged[i] =
            source_words_judge(writer->reader, writer->mapping->field, table->words[i].text, &writer->arena);
        if (is_read(writer, i))
            continue;
        writer->unknown++;
        writer->unknown_values += table->words[i].count;
        writer->hidden += !may_be_shown(table->words[i].text);
    }
}

/* Unknown words that hardly ever repeat, or look like addresses and numbers, are customers' data. */
static bool is_free_text(const struct writer *writer)
{
    bool repeats = writer->unknown <= FREE_TEXT_MIN || writer->unknown * 2 <= writer->unknown_values;

    return writer->table->is_free_text || !repeats ||
           (writer->hidden > HIDDEN_MAX && writer->hidden * 2 > writer->unknown);
}

/* Of a list a row may have several. */
static void append_rows(const struct writer *writer, uint64_t count)
{
    char number[FORMAT_NUMBER_SIZE];
    bool is_list = field_table[writer->mapping->field].type == FIELD_TYPE_COUNTRY_LIST;

    buffer_printf(writer->out, "%s %s%s", format_number_count(count, number), is_list ? "item" : "row",
                  count == 1 ? "" : "s");
}

static void write_choices(struct buffer *out, const char *provider, const char *const *choices)
{
    size_t start = out->len;

    buffer_printf(out, "  # words of %s:", provider);
    for (size_t i = 0; choices[i]; i++) {
        if (out->len - start + strlen(choices[i]) > LINE_WIDTH) {
            start = out->len;
            buffer_append_text(out, "\n  #  ");
        }
        buffer_printf(out, " %s%s", choices[i], choices[i + 1] ? "," : "");
    }
    buffer_append_char(out, '\n');
}

const char *words_write_placeholder(enum field_id field, const char *const *choices)
{
    if (choices == language_codes || !choices)
        return field_table[field].type == FIELD_TYPE_BOOL ? "true or false" : "CODE";
    return "WORD";
}

static void write_unknown(struct writer *writer, size_t index, const char *wanted)
{
    const struct words_table_word *word = &writer->table->words[index];
    const struct source_word *judged = &writer->judged[index];
    struct buffer *out = writer->out;

    buffer_append_text(out, judged->nearest ? "      " : "      # ");
    yaml_scalar_append(out, word->text);
    buffer_append_text(out, ": ");
    if (judged->nearest)
        yaml_scalar_append(out, slice_from(judged->nearest));
    else
        buffer_append_text(out, wanted);
    buffer_append_text(out, judged->nearest ? "    # CHECK, the nearest; " : "    # ");
    append_rows(writer, word->count);
    if (judged->countries)
        buffer_printf(out, "; %s", judged->countries);
    buffer_append_char(out, '\n');
}

static void write_job_values(struct writer *writer)
{
    for (size_t i = 0; i < writer->mapping->value_count; i++) {
        buffer_append_text(writer->out, "      ");
        yaml_scalar_append(writer->out, writer->mapping->values[i].from);
        buffer_append_text(writer->out, ": ");
        yaml_scalar_append(writer->out, writer->mapping->values[i].to);
        buffer_append_text(writer->out, "    # in the job\n");
    }
}

/* As comments: they need no line in the job. */
static void write_read(struct writer *writer)
{
    size_t shown = 0, read = writer->table->count - writer->unknown;

    for (size_t i = 0; i < writer->table->count && shown < READ_SHOWN; i++) {
        const struct words_table_word *word = &writer->table->words[i];
        if (!is_read(writer, i) || is_in_job(writer, word->text) || !may_be_shown(word->text))
            continue;
        buffer_append_text(writer->out,
                           shown++ == 0 ? "      # read as they are:\n      #   " : "      #   ");
        yaml_scalar_append(writer->out, word->text);
        buffer_append_text(writer->out, ": ");
        if (writer->judged[i].value.len > 0)
            yaml_scalar_append(writer->out, writer->judged[i].value);
        else
            buffer_append_text(writer->out, "no value");
        buffer_append_text(writer->out, "    # ");
        append_rows(writer, word->count);
        buffer_append_char(writer->out, '\n');
    }
    if (shown == READ_SHOWN && read > shown)
        buffer_printf(writer->out, "      #   (and %zu more)\n", read - shown);
}

/* M is mujer beside H: a letter that is not known leaves open what the known ones stand for. */
static bool letters_are_open(const struct writer *writer)
{
    bool has_unknown = false, has_read = false;

    for (size_t i = 0; i < writer->table->count; i++) {
        if (writer->table->words[i].text.len != 1 || is_in_job(writer, writer->table->words[i].text))
            continue;
        has_read |= is_read(writer, i);
        has_unknown |= !is_read(writer, i);
    }
    return writer->mapping->field == FIELD_GENDER && has_read && has_unknown;
}

/* True if the mapping has no key that the output does not repeat. */
static bool is_simple(const struct job_mapping *mapping)
{
    return mapping->column_count == 1 && !mapping->join && !mapping->match && !mapping->fallback;
}

static void write_key(struct buffer *out, const char *key, const char *value)
{
    if (!value)
        return;
    buffer_printf(out, "    %s: ", key);
    yaml_scalar_append(out, slice_from(value));
    buffer_append_char(out, '\n');
}

static bool has_near(const struct writer *writer)
{
    for (size_t i = 0; i < writer->table->count; i++)
        if (writer->judged[i].nearest && may_be_shown(writer->table->words[i].text))
            return true;
    return writer->mapping->value_count > 0;
}

static void write_mapping(struct writer *writer, const char *wanted)
{
    const struct job_mapping *mapping = writer->mapping;
    struct buffer *out = writer->out;
    bool simple = is_simple(mapping);

    buffer_printf(out, "  %s:%s\n", field_name(mapping->field),
                  simple ? "" : "    # the other keys of its mapping stay");
    write_key(out, "column", simple ? mapping->columns->name : NULL);
    write_key(out, "split", simple ? mapping->split : NULL);
    write_key(out, "otherwise", simple ? mapping->otherwise : NULL);
    buffer_append_text(out, has_near(writer) ? "    values:\n" : "    # values:\n");
    for (size_t i = 0; i < writer->table->count; i++)
        if (!is_read(writer, i) && may_be_shown(writer->table->words[i].text))
            write_unknown(writer, i, wanted);
    if (writer->hidden > 0)
        buffer_printf(out, "      # (%zu more, not shown: they look like addresses, numbers or sentences)\n",
                      writer->hidden);
    if (letters_are_open(writer))
        buffer_append_text(out,
                           "      # CHECK every letter: in another language M may stand for another word\n");
    write_job_values(writer);
    write_read(writer);
}

static void write_head(const struct writer *writer)
{
    const struct words_table *table = writer->table;
    struct buffer *out = writer->out;
    char number[FORMAT_NUMBER_SIZE];

    buffer_printf(out, "  # %s: %s%s distinct words in ", field_name(writer->mapping->field),
                  table->is_free_text ? "more than " : "", format_number_count(table->count, number));
    append_rows(writer, table->values);
    if (is_free_text(writer)) {
        buffer_append_text(out, ": free text, so none is listed\n");
        return;
    }
    if (writer->unknown == 0) {
        buffer_append_text(out, table->count ? "; every one is known\n" : "\n");
        return;
    }
    buffer_printf(out, "; %zu not known, in ", writer->unknown);
    append_rows(writer, writer->unknown_values);
    buffer_append_text(out, writer->mapping->otherwise ? ", which are `otherwise` now\n" : "\n");
}

void words_write_field(struct buffer *out, const char *provider, const struct job_mapping *mapping,
                       const struct rule_set *rules, struct source_words *reader,
                       const struct words_table *table)
{
    const char *const *choices = source_words_choices(rules, mapping->field);
    static struct writer writer; /* large, and the main thread's */

    writer = (struct writer){.out = out, .mapping = mapping, .reader = reader, .table = table};
    arena_init(&writer.arena, 1 << 16);
    if (!table->is_free_text)
        judge_words(&writer);
    write_head(&writer);
    if (!is_free_text(&writer) && writer.unknown > 0) {
        if (choices && choices != language_codes)
            write_choices(out, provider, choices);
        write_mapping(&writer, words_write_placeholder(mapping->field, choices));
    } else if (!is_free_text(&writer)) {
        write_read(&writer);
    }
    arena_clear(&writer.arena);
}
