#include "cmd/infer_encoding.h"

#include <string.h>

#include "core/ascii.h"
#include "core/text.h"
#include "core/utf8.h"

enum {
    LETTERS_MAX = 60,
    LETTERS_OF_RIVAL = 20,
    LETTERS_PER_LINE = 20,
    SCORE_POOR = 40,
    SCORE_NEAR = 20, /* less than the best: named too */
    RIVALS_MAX = 3,
};

static struct slice next_line(struct slice *rest)
{
    struct slice line = slice_make("", 0);

    slice_next_line(rest, &line);
    return line;
}

/* The candidates that a job can name; the best of them is the sample's encoding. */
static void rank(struct infer_sample *sample, struct slice bytes)
{
    struct encoding_candidate found[ENCODING_CANDIDATES_MAX];
    size_t count = encoding_detect(bytes, &sample->arena, found);

    sample->candidates = arena_alloc(&sample->arena, (count + 1) * sizeof *sample->candidates);
    sample->encoding = encoding_windows1252;
    for (size_t i = 0; i < count; i++) {
        struct encoding encoding;
        if (encoding_find(found[i].name, &sample->arena, &encoding) != ENCODING_FOUND)
            continue;
        if (sample->candidate_count == 0)
            sample->encoding = encoding;
        sample->candidates[sample->candidate_count++] = found[i];
    }
}

/* The majority of lines decides, so that a few damaged lines do not hide that an export is UTF-8. */
void infer_encoding_find(struct infer_sample *sample, struct slice bytes, bool is_marked)
{
    struct slice rest = bytes;
    size_t utf8 = 0, other = 0;

    while (rest.len) {
        struct slice line = next_line(&rest);
        if (ascii_only(line))
            continue;
        if (utf8_is_valid(line))
            utf8++;
        else if (rest.len || line.len - utf8_valid_len(line) >= UTF8_CHAR_MAX)
            other++; /* else a character is cut by the end of the sample */
    }
    if (is_marked || utf8 >= other)
        sample->other_lines = other;
    else
        rank(sample, bytes);
}

static bool is_no_character(uint32_t code)
{
    char bytes[UTF8_CHAR_MAX];
    size_t len = utf8_encode(code, bytes);
    uint32_t damage;

    return utf8_is_hidden(code) || text_find_damage(slice_make(bytes, len), &damage) < len;
}

static void write_letters(const struct encoding_candidate *candidate, size_t max, struct buffer *out)
{
    size_t shown = 0, undefined = candidate->malformed;

    for (size_t i = 0; i < candidate->letter_count; i++) {
        char bytes[UTF8_CHAR_MAX];
        uint32_t code = candidate->letters[i].code;
        if (code >= 0xd800 && code < 0xe000)
            continue;
        if (is_no_character(code)) {
            undefined += candidate->letters[i].count;
            continue;
        }
        if (shown++ == max)
            buffer_append_text(out, "\n  #   and others");
        if (shown > max)
            continue;
        if (shown % LETTERS_PER_LINE == 1)
            buffer_append_text(out, "\n  #  ");
        buffer_printf(out, " %.*s %zu", (int)utf8_encode(code, bytes), bytes, candidate->letters[i].count);
    }
    if (undefined)
        buffer_printf(out, "\n  #   and %zu that are no characters in it", undefined);
    buffer_append_char(out, '\n');
}

/* The others that are nearly as plausible, with what their letters would be. */
static void write_rivals(const struct infer_sample *sample, struct buffer *out)
{
    int best = sample->candidates[0].score;

    for (size_t i = 1; i < sample->candidate_count && i <= RIVALS_MAX; i++) {
        const struct encoding_candidate *candidate = &sample->candidates[i];
        if (candidate->score < best - SCORE_NEAR)
            return;
        buffer_printf(out, "  # %s plausible is %s:", candidate->score == best ? "As" : "Nearly as",
                      candidate->name);
        write_letters(candidate, LETTERS_OF_RIVAL, out);
    }
}

void infer_encoding_write(const struct infer_sample *sample, struct buffer *out)
{
    buffer_printf(out, "  encoding: %s", encoding_name(&sample->encoding));
    if (sample->candidate_count == 0) {
        buffer_append_char(out, '\n');
        return;
    }
    const struct encoding_candidate *best = &sample->candidates[0];
    buffer_append_text(out, "    # CHECK: the file is not UTF-8, and nothing proves what it is.\n  # ");
    if (best->score < SCORE_POOR)
        buffer_append_text(out, "No encoding makes plausible text of it; the least implausible is this one");
    else if (best->language)
        buffer_printf(out, "The most plausible is %s, by letters of %s", best->name, best->language);
    else
        buffer_printf(out, "The most plausible is %s", best->name);
    buffer_printf(out,
                  ".\n  # Are these the letters of your customers' names? By %s the sample has:", best->name);
    write_letters(best, LETTERS_MAX, out);
    write_rivals(sample, out);
    buffer_append_text(out, "  # If they are not, write the encoding in which the program exported it.\n");
}

const char *infer_encoding_best(const struct infer_sample *sample)
{
    return sample->candidate_count ? sample->candidates[0].name : "ENCODING";
}
