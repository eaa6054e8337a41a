#include "cmd/infer_name.h"

#include <string.h>

#include "cmd/infer_column.h"
#include "rules/pattern.h"

/* Prefixes of family names, as exports of many countries have them. */
#define PREFIXES                                                                                             \
    "(?i:af|al|bin|da|das|de|del|della|den|der|di|do|dos|du|el|ibn|la|las|le|los|mac|op|san|st\\.?|ten|ter|van|von|zu|zum|zur|y)"

/* How whole names are written, and which group is which name. The simple pattern is written where it splits
 * as many. whole: a pattern that splits every name, by a choice; NULL: there is none.
 */
static const struct {
    const char *pattern, *simple, *first, *last;
    const char *whole, *choice;
} forms[] = {
    {"(\\S+)\\s+((?:" PREFIXES "\\s+)*\\S+)", "(\\S+)\\s+(\\S+)", "$1", "$2", "(.+)\\s+(\\S+)", "last word"},
    {"([^,]+?)\\s*,\\s*([^,]+)", "([^,]+?)\\s*,\\s*([^,]+)", "$2", "$1", NULL, NULL},
    {"((?:" PREFIXES "\\s+)*\\S+)\\s+(\\S+)", "(\\S+)\\s+(\\S+)", "$2", "$1", "(\\S+)\\s+(.+)", "first word"},
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

/* before: how the lines begin. */
static void write_parts(const struct infer_writer *writer, const char *before, const char *pattern,
                        size_t form)
{
    static const enum field_id parts[] = {FIELD_FIRST_NAME, FIELD_LAST_NAME};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        buffer_printf(writer->out, "%s%s: {column: ", before, field_name(parts[i]));
        infer_line_column(writer, parts[i], writer->matches.full_name);
        buffer_printf(writer->out, ", match: '%s', replace: '%s'}\n", pattern,
                      parts[i] == FIELD_FIRST_NAME ? forms[form].first : forms[form].last);
    }
}

/* left: names that the pattern does not split. */
static void write_choice(const struct infer_writer *writer, size_t form, size_t count, size_t left)
{
    const char *whole = forms[form].whole;

    buffer_printf(
        writer->out,
        "  # %zu %s more words, or one: %s rejected (first_name/match), as nothing shows where to split.\n",
        left, left == 1 ? "has" : "have", left == 1 ? "it is" : "they are");
    if (!whole || count_matches(writer->sample, writer->matches.full_name, whole) <= count)
        return;
    buffer_printf(
        writer->out,
        "  # To take the %s as the last name of all, put these two lines in place of the two below:\n",
        forms[form].choice);
    write_parts(writer, "  #   ", whole, form);
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
        write_choice(writer, form, count, filled - count);
    write_parts(writer, "  ", pattern, form);
}
