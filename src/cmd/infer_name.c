#include "cmd/infer_name.h"

#include <string.h>

#include "cmd/infer_column.h"
#include "rules/pattern.h"

/* Prefixes of family names, as exports of many countries have them. */
#define PREFIXES                                                                                             \
    "(?i:af|al|bin|da|das|de|del|della|den|der|di|do|dos|du|el|ibn|la|las|le|los|mac|op|san|st\\.?|ten|ter|van|von|zu|zum|zur|y)"

/* How whole names are written, and which group is which name. The simple pattern goes where it splits as
 * many.
 */
static const struct {
    const char *pattern, *simple, *first, *last;
} forms[] = {
    {"(\\S+)\\s+((?:" PREFIXES "\\s+)*\\S+)", "(\\S+)\\s+(\\S+)", "$1", "$2"},
    {"([^,]+?)\\s*,\\s*([^,]+)", "([^,]+?)\\s*,\\s*([^,]+)", "$2", "$1"},
    {"((?:" PREFIXES "\\s+)*\\S+)\\s+(\\S+)", "(\\S+)\\s+(\\S+)", "$2", "$1"},
};

static size_t count_matches(const struct infer_sample *sample, size_t column, const char *text)
{
    char message[PATTERN_MESSAGE_SIZE];
    struct pattern *pattern = pattern_new_whole(text, message);
    struct pattern_matcher *matcher = pattern_matcher_new(0);
    size_t count = 0;

    for (size_t row = 0; pattern && row < sample->row_count; row++)
        count += pattern_search(pattern, matcher, infer_sample_first(sample, row, column)) == PATTERN_FOUND;
    pattern_matcher_free(matcher);
    pattern_free(pattern);
    return count;
}

static bool has_commas(const struct infer_sample *sample, size_t column)
{
    size_t commas = 0;

    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = infer_sample_first(sample, row, column);
        commas += text.len && memchr(text.data, ',', text.len);
    }
    return commas * 2 > infer_column_filled(sample, column);
}

static void write_part(const struct infer_writer *writer, enum field_id field, const char *pattern,
                       const char *replacement)
{
    buffer_printf(writer->out, "  %s: {column: ", field_name(field));
    infer_line_column(writer, field, writer->matches.full_name);
    buffer_printf(writer->out, ", match: '%s', replace: '%s'}\n", pattern, replacement);
}

void infer_name_write(struct infer_writer *writer)
{
    const struct infer_sample *sample = writer->sample;
    size_t column = writer->matches.full_name, filled = infer_column_filled(sample, column);
    size_t form = has_commas(sample, column) ? 1 : writer->matches.last_first ? 2 : 0;
    size_t count = count_matches(sample, column, forms[form].pattern);
    bool is_simple = count_matches(sample, column, forms[form].simple) == count;
    const char *pattern = is_simple ? forms[form].simple : forms[form].pattern;

    buffer_printf(
        writer->out,
        "  # CHECK: whole names are in one column: %zu of %zu are split into first and last name%s.\n", count,
        filled, form ? ", the last name first" : "");
    if (count < filled)
        buffer_printf(
            writer->out,
            "  # %zu have more words, or one: they are rejected (first_name/match), as nothing tells how to cut them.\n"
            "  # To take the last word as the last name: match: '(.+)\\s+(\\S+)'\n",
            filled - count);
    write_part(writer, FIELD_FIRST_NAME, pattern, forms[form].first);
    write_part(writer, FIELD_LAST_NAME, pattern, forms[form].last);
}
