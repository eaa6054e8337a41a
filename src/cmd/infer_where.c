#include "cmd/infer_where.h"

#include "cmd/infer_column.h"
#include "cmd/yaml_scalar.h"
#include "core/ascii.h"
#include "model/column_name.h"

enum { STATUS_WORDS_MAX = 8 };

static const char *const true_words[] = {"true", "t", "1", "yes", "y", "on", "ja", "oui", "si", NULL};
static const char *const false_words[] = {"false", "f", "0", "no", "n", "off", "nein", "non", NULL};
static const char *const here_words[] = {"active", "enabled", "aktiv", "actif", "activo", NULL};

static bool is_among(struct slice text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (ascii_is_word(text, words[i]))
            return true;
    return false;
}

/* The one word of the column that customers have; its rows in *count. NULL: the words show none, or all rows
 * have it. */
static const struct infer_word *find_word(struct infer_sample *sample, size_t column, enum column_state state)
{
    size_t count;
    bool more;
    const struct infer_word *words = infer_column_words(sample, column, &count, &more), *found = NULL;
    const char *const *wanted = state == COLUMN_STATE_STATUS ? here_words
                                : state == COLUMN_STATE_GONE ? false_words
                                                             : true_words;

    if (more || count < 2 || count > STATUS_WORDS_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!found && is_among(words[i].text, wanted))
            found = &words[i];
        else if (state != COLUMN_STATE_STATUS && !is_among(words[i].text, true_words) &&
                 !is_among(words[i].text, false_words))
            return NULL;
    return found;
}

static void write_condition(const struct infer_sample *sample, size_t column, struct slice value,
                            size_t others, bool is_first, struct buffer *out)
{
    buffer_printf(out, "  # CHECK: %zu of %zu records %s ", others, sample->row_count,
                  value.len ? "have another value than" : "have a value");
    if (value.len) {
        yaml_scalar_append(out, value);
        buffer_append_char(out, ' ');
    }
    buffer_append_text(out, "in ");
    yaml_scalar_append(out, sample->columns[column]);
    buffer_append_text(out, ". If they are not customers:\n");
    buffer_append_text(out, is_first ? "  # where:\n  #   - {column: " : "  #   - {column: ");
    yaml_scalar_append(out, sample->columns[column]);
    buffer_printf(out, ", must_match: '^%.*s$'}\n", (int)value.len, value.data);
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
        bool is_time = state == COLUMN_STATE_ENDED;
        const struct infer_word *word = is_time ? NULL : find_word(sample, column, state);
        if (is_time ? filled == sample->row_count : !word)
            continue;
        write_condition(sample, column, is_time ? slice_make("", 0) : word->text,
                        is_time ? filled : sample->row_count - word->count, is_first, out);
        is_first = false;
    }
}
