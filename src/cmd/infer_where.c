#include "cmd/infer_where.h"

#include "cmd/infer_column.h"
#include "cmd/yaml_scalar.h"
#include "core/ascii.h"
#include "model/column_name.h"

enum { STATUS_WORDS_MAX = 8 };

static const char *const true_words[] = {"true", "t", "1", "yes", "y", "on", "ja", "oui", "si", NULL};
static const char *const false_words[] = {"false", "f", "0", "no", "n", "off", "nein", "non", NULL};
static const char *const here_words[] = {"active",   "enabled", "aktiv", "actif", "activo",
                                         "customer", "client",  "kunde", NULL};

static bool is_among(struct slice text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (ascii_is_word(text, words[i]))
            return true;
    return false;
}

/* A condition that customers meet: that a column has this value, or has another. */
struct condition {
    struct slice value; /* empty: that it has none */
    bool is_refused;
    size_t count;   /* rows that have value */
    bool has_words; /* other words than true and false, to be listed */
};

/* Whether the words of the column show which rows are customers; not where all rows are alike. */
static bool find_condition(struct infer_sample *sample, size_t column, enum column_state state,
                           struct condition *condition)
{
    size_t count, filled = infer_column_filled(sample, column);
    bool more;
    const struct infer_word *words = infer_column_words(sample, column, &count, &more), *found = NULL;
    const char *const *wanted = state == COLUMN_STATE_STATUS ? here_words
                                : state == COLUMN_STATE_GONE ? false_words
                                                             : true_words;

    if (more || count == 0 || count > STATUS_WORDS_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!found && is_among(words[i].text, wanted))
            found = &words[i];
        else if (state != COLUMN_STATE_STATUS && !is_among(words[i].text, true_words) &&
                 !is_among(words[i].text, false_words))
            return false;
    /* One that only the gone have, as databases of documents leave out what is false. */
    bool is_refused = !found && state == COLUMN_STATE_GONE && count == 1 && filled < sample->row_count;
    if (!is_refused && (!found || count < 2))
        return false;
    found = is_refused ? words : found;
    *condition = (struct condition){found->text, is_refused, found->count, state == COLUMN_STATE_STATUS};
    return true;
}

/* ` (active 210, closed 90)` */
static void write_words(struct infer_sample *sample, size_t column, struct buffer *out)
{
    size_t count;
    bool more;
    const struct infer_word *words = infer_column_words(sample, column, &count, &more);

    for (size_t i = 0; i < count; i++) {
        buffer_append_text(out, i ? ", " : " (");
        yaml_scalar_append(out, words[i].text);
        buffer_printf(out, " %zu", words[i].count);
    }
    buffer_append_char(out, ')');
}

static void write_condition(struct infer_sample *sample, size_t column, const struct condition *condition,
                            bool is_first, struct buffer *out)
{
    struct slice value = condition->value;
    bool has_value = condition->is_refused || value.len == 0;

    buffer_printf(out, "  # CHECK: %zu of %zu records have %s ",
                  has_value ? condition->count : sample->row_count - condition->count, sample->row_count,
                  value.len == 0          ? "a value"
                  : condition->is_refused ? "the value"
                                          : "another value than");
    if (value.len) {
        yaml_scalar_append(out, value);
        buffer_append_char(out, ' ');
    }
    buffer_append_text(out, "in ");
    yaml_scalar_append(out, sample->columns[column]);
    if (condition->has_words)
        write_words(sample, column, out);
    buffer_append_text(out, ". If they are not customers:\n");
    buffer_append_text(out, is_first ? "  # where:\n  #   - {column: " : "  #   - {column: ");
    yaml_scalar_append(out, sample->columns[column]);
    buffer_printf(out, ", %s: '^%.*s$'}\n", condition->is_refused ? "must_not_match" : "must_match",
                  (int)value.len, value.data);
}

void infer_where_write(struct infer_sample *sample, struct buffer *out)
{
    bool is_first = true;

    for (size_t column = 0; column < sample->column_count; column++) {
        enum column_state state = column_name_state(sample->columns[column], &sample->arena);
        size_t filled = infer_column_filled(sample, column);
        if (state == COLUMN_STATE_NONE || sample->is_list[column] || filled == 0 ||
            !infer_sample_is_named(sample, column))
            continue;
        struct condition condition = {.value = SLICE_LITERAL(""), .count = filled};
        if (state == COLUMN_STATE_ENDED ? filled == sample->row_count
                                        : !find_condition(sample, column, state, &condition))
            continue;
        write_condition(sample, column, &condition, is_first, out);
        is_first = false;
    }
}
