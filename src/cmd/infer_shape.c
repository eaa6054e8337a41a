#include "cmd/infer_shape.h"

#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "input/reader.h"
#include "model/column_name.h"
#include "model/column_names.h"
#include "model/record.h"
#include "rules/guards.h"

enum {
    LINES_COMPARED = 200,
    DELIMITERS = 4,
    COUNT_MAX = 1000, /* of delimiters in a line that counts */
    TITLES_MAX = 20,
    TRIAL_BYTES = 1 << 20,
    FOOTER_MAX = 8,
    RAGGED_PERCENT = 5, /* of records: fewer are damage rather than a habit */
    QUOTES_MIN = 3,
    WORD_MAX = 24,
    KEY_DIGITS = 3, /* of a key, at least: names of columns have fewer */
    AGAIN_MIN = 2,  /* records that repeat a cell of the header: it is no name */
    SHARE_FULL = 1000,
    SHARE_POOR = 400,
};

static const char delimiters[DELIMITERS] = {',', ';', '\t', '|'};

static struct slice next_line(struct slice *rest)
{
    struct slice line = slice_make("", 0);

    slice_next_line(rest, &line);
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* Delimiters outside of quotes in one physical line; *filled: cells that hold more than blanks. */
static size_t count_cells(struct slice line, char delimiter, char quote, size_t *filled)
{
    size_t count = 0;
    bool inside = false, at_start = true, is_filled = false;

    *filled = 0;
    for (size_t i = 0; i < line.len; i++) {
        char byte = line.data[i];
        if (byte == quote && (at_start || inside))
            inside = !inside;
        else if (byte == delimiter && !inside) {
            count++;
            *filled += is_filled;
            is_filled = false;
        } else if (byte != ' ' && byte != '\t')
            is_filled = true;
        at_start = byte == delimiter;
    }
    *filled += is_filled;
    return count;
}

/* How many delimiters most lines have that have any. *agreeing: these lines. */
static size_t usual_count(struct slice bytes, char delimiter, char quote, size_t *agreeing)
{
    size_t lines_of[COUNT_MAX] = {0}, best = 0;

    for (size_t lines = 0; bytes.len && lines < LINES_COMPARED;) {
        size_t filled, count;
        struct slice line = next_line(&bytes);
        if (line.len == 0)
            continue;
        count = count_cells(line, delimiter, quote, &filled);
        lines_of[count < COUNT_MAX ? count : COUNT_MAX - 1]++;
        lines++;
    }
    for (size_t i = 1; i < COUNT_MAX; i++)
        if (lines_of[i] > lines_of[best] || best == 0)
            best = lines_of[i] ? i : best;
    *agreeing = best ? lines_of[best] : 0;
    return best;
}

/* The delimiter that spreadsheets are told in a first line `sep=;`; NUL: none. */
static char told_delimiter(struct slice bytes)
{
    struct slice line = next_line(&bytes);

    if (line.len == 7 && line.data[0] == '"' && line.data[6] == '"')
        line = slice_make(line.data + 1, 5);
    return line.len == 5 && ascii_is_word(slice_make(line.data, 4), "sep=") &&
                   memchr(delimiters, line.data[4], DELIMITERS)
               ? line.data[4]
               : '\0';
}

/* Lines before the one that names the columns: they have far fewer cells, or one cell that is filled. */
static uint32_t count_titles(struct slice bytes, const struct job_input *input, size_t usual)
{
    uint32_t lines = 0, titles = 0;
    bool found = false;

    if (told_delimiter(bytes))
        next_line(&bytes);
    while (bytes.len && lines < TITLES_MAX && !found) {
        size_t filled;
        struct slice line = next_line(&bytes);
        size_t count = count_cells(line, input->delimiter, input->quote, &filled);
        found = count >= (usual + 1) / 2 && !(usual >= 2 && filled <= 1);
        lines++;
        if (!found && (line.len || titles))
            titles = lines; /* with the empty lines behind a title */
    }
    return found && usual ? titles : 0;
}

static int feed_once(void *context, struct slice *block)
{
    struct slice *bytes = context;

    if (bytes->len == 0)
        return 0;
    *block = *bytes;
    bytes->len = 0;
    return 1;
}

/* One record at the end of the input, as a footer is told from a customer. */
struct tail {
    bool is_broken;
    size_t cells, filled;
    char word[WORD_MAX]; /* the first cell that is filled, in lower case, its letters alone */
};

struct trial {
    size_t records, malformed, ragged, guards, columns, filled;
    struct tail tail[FOOTER_MAX]; /* of the last records, by their number */
    bool is_data;                 /* the header looks like a customer */
};

static void note_word(struct tail *tail, struct slice cell)
{
    size_t len = 0;

    for (size_t i = 0; i < cell.len && len + 1 < WORD_MAX; i++)
        if (ascii_is_letter(cell.data[i]) || (unsigned char)cell.data[i] >= 0x80)
            tail->word[len++] = ascii_lower(cell.data[i]);
        else if (len)
            break;
    tail->word[len] = '\0';
}

static void note_cell(struct trial *trial, struct tail *tail, struct slice cell)
{
    struct slice plain;

    while (cell.len && (*cell.data == ' ' || *cell.data == '\t'))
        cell = slice_skip(cell, 1);
    tail->cells++;
    if (cell.len == 0)
        return;
    if (tail->filled++ == 0)
        note_word(tail, cell);
    if (guards_may_begin(cell)) {
        enum guard guard = guards_find(cell, &plain);
        trial->guards += guard == GUARD_APOSTROPHE || guard == GUARD_FORMULA;
    }
}

static void note_record(const struct job_input *input, struct trial *trial, const struct record *record)
{
    struct tail *tail = &trial->tail[trial->records++ % FOOTER_MAX];

    *tail = (struct tail){.is_broken = record->fault != NULL};
    if (!record->fault) {
        for (size_t i = 0; i < record->cell_count; i++)
            note_cell(trial, tail, record->cells[i]);
        trial->filled += tail->filled;
        return;
    }
    if (strcmp(record->fault, RULE_COLUMNS) == 0)
        trial->ragged++;
    else
        trial->malformed++;
    tail->cells = count_cells(record->raw, input->delimiter, input->quote, &tail->filled) + 1;
    note_word(tail, record->raw);
}

/* True for a key like another, letter for letter and digit for digit: `C-10042` and `C-10043`. */
static bool is_like(struct slice name, struct slice cell)
{
    size_t digits = 0;

    if (name.len != cell.len)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        bool is_digit = ascii_is_digit(name.data[i]), is_letter = ascii_is_letter(name.data[i]);
        if (is_digit != ascii_is_digit(cell.data[i]) || is_letter != ascii_is_letter(cell.data[i]))
            return false;
        digits += is_digit;
    }
    return digits >= KEY_DIGITS;
}

/* Counts in again, by column, the records below that repeat the header's cell, or have a key like it: names
 * of columns are not repeated, but for the whole header where files were joined. */
static void note_again(const struct reader_header *header, const struct record *record, uint32_t *again)
{
    const struct slice *names = header->source_columns;
    size_t equal = 0;

    for (size_t i = 0; i < record->cell_count; i++)
        equal += slice_equal(record->cells[i], names[i]);
    for (size_t i = 0; i < record->cell_count && equal < record->cell_count; i++)
        again[i] += record->cells[i].len > 0 &&
                    (slice_equal(record->cells[i], names[i]) || is_like(names[i], record->cells[i]));
}

/* A customer's values, unless most of them are names of columns: `Via` is a street and a town. */
static bool is_customer(const struct reader_header *header, const uint32_t *again)
{
    struct arena arena;
    size_t names = 0;
    bool is_repeated = false;

    for (size_t i = 0; i < header->column_count; i++)
        is_repeated |= again[i] >= AGAIN_MIN;
    if (!is_repeated && !column_names_are_values(header->columns, header->column_count))
        return false;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < header->column_count; i++)
        names += column_name_read(header->columns[i], &arena).fit > SYNONYM_WEAK;
    arena_clear(&arena);
    return names * 2 < header->column_count;
}

/* Reads the bytes by the settings. Without a header nothing is found. */
static void try_input(const struct job_input *input, struct slice bytes, struct trial *trial)
{
    struct reader *reader = reader_new(input, 0, (struct reader_feed){feed_once, &bytes});
    struct batch *batch = batch_new();
    struct reader_header header;
    struct error error = {0};
    enum reader_result result = READER_MORE;

    *trial = (struct trial){0};
    bool is_read = reader_header(reader, "", &header, &error) == 0;
    uint32_t *again = memory_new(is_read ? header.column_count : 1, sizeof *again);
    while (is_read && result == READER_MORE) {
        batch_reset(batch);
        result = reader_fill(reader, batch);
        for (size_t i = 0; i < batch->count; i++) {
            note_record(input, trial, &batch->records[i]);
            note_again(&header, &batch->records[i], again);
        }
    }
    if (is_read) {
        trial->columns = header.column_count;
        trial->is_data = is_customer(&header, again);
    }
    free(again);
    batch_free(batch);
    reader_free(reader);
}

/* Whether cells begin and end with single quotes: an apostrophe before a number alone guards it. */
static bool has_single_quotes(struct slice bytes, char delimiter)
{
    size_t begins = 0, ends = 0;

    for (size_t i = 1; i < bytes.len; i++) {
        char before = bytes.data[i - 1], after = i + 1 < bytes.len ? bytes.data[i + 1] : '\n';
        if (bytes.data[i] != '\'')
            continue;
        begins += before == delimiter || before == '\n';
        ends += after == delimiter || after == '\r' || after == '\n';
    }
    return begins >= QUOTES_MIN && ends * 10 >= begins * 9;
}

/* Of the ways to quote, the one that leaves the fewest records malformed; of equal ones the first, but single
 * quotes where they are around cells. */
static void find_quotes(struct slice bytes, struct job_input *input)
{
    static const struct {
        char quote, escape;
    } ways[] = {{'"', '\0'}, {'"', '\\'}, {'\'', '\0'}, {'\'', '\\'}};
    struct job_input best = *input;
    size_t least = SIZE_MAX, count = has_single_quotes(bytes, input->delimiter) ? 4 : 2;

    for (size_t i = 0; i < count; i++) {
        struct job_input tried = *input;
        struct trial trial;
        tried.quote = ways[i].quote;
        tried.escape = ways[i].escape;
        tried.ragged = JOB_RAGGED_PAD;
        try_input(&tried, bytes, &trial);
        size_t broken = trial.malformed + trial.ragged;
        if (trial.columns == 0 || broken > least || (broken == least && i != 2))
            continue;
        least = broken;
        best.quote = tried.quote;
        best.escape = tried.escape;
    }
    *input = best;
}

/* How well the settings read the bytes: the share of records and of lines before them that they read as a
 * record, of 1,000. 0: the header has one cell. */
static size_t rank_of(const struct job_input *input, struct slice bytes, size_t *columns)
{
    struct trial trial;

    try_input(input, bytes, &trial);
    *columns = trial.columns;
    if (trial.columns < 2)
        return 0;
    size_t good = trial.records - trial.malformed - trial.ragged + 1; /* with the header */
    return good * SHARE_FULL / (trial.records + input->skip_lines + 1);
}

/* The delimiter by which most records can be read; of equal ones the one that gives more columns. With it
 * come title lines, quote and escape. If none reads the file well, each record has cells too many or too
 * few, and short ones are let pass. */
static void find_delimiter(struct slice bytes, struct slice plain, struct job_input *input)
{
    struct job_input best = *input;
    char told = told_delimiter(plain);
    size_t best_rank = 0, best_columns = 1;

    best.delimiter = told ? told : ',';
    for (size_t i = 0; i < 2 * DELIMITERS && (i < DELIMITERS || best_rank < SHARE_POOR); i++) {
        struct job_input tried = *input;
        size_t agreeing, columns,
            usual = usual_count(plain, delimiters[i % DELIMITERS], input->quote, &agreeing);
        if (told ? delimiters[i % DELIMITERS] != told : usual == 0)
            continue;
        tried.delimiter = delimiters[i % DELIMITERS];
        tried.skip_lines = count_titles(plain, &tried, usual);
        tried.ragged = i < DELIMITERS ? JOB_RAGGED_REJECT : JOB_RAGGED_PAD;
        find_quotes(bytes, &tried);
        size_t rank = rank_of(&tried, bytes, &columns);
        if (rank < best_rank || (rank == best_rank && columns <= best_columns))
            continue;
        best_rank = rank;
        best_columns = columns;
        best = tried;
    }
    *input = best;
    input->ragged = JOB_RAGGED_REJECT;
}

static bool is_total_word(const char *word)
{
    static const char *const words[] = {
        "total",     "totals",   "sum",          "summe",     "gesamt", "grand",    "count",
        "rows",      "records",  "trailer",      "trl",       "footer", "end",      "eof",
        "итого",     "razem",    "totale",       "totaal",    "suma",   "rowcount", "всего",
        "generated", "exported", "confidential", "copyright", NULL};

    for (size_t i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* A record at the end that is no customer: a word for a total, or one cell where the others have many. */
static bool is_footer(const struct trial *trial, const struct tail *tail)
{
    size_t usual = trial->records > trial->malformed + trial->ragged
                       ? trial->filled / (trial->records - trial->malformed - trial->ragged)
                       : trial->columns;
    bool is_sparse = tail->filled * 2 <= usual;

    return trial->columns > 1 && usual > 1 &&
           ((is_total_word(tail->word) && is_sparse) || (usual > 2 && tail->filled <= 1) ||
            (tail->is_broken && tail->cells * 2 < trial->columns));
}

static uint32_t count_footers(const struct trial *trial)
{
    uint32_t count = 0;

    while (count < FOOTER_MAX && count < trial->records &&
           is_footer(trial, &trial->tail[(trial->records - 1 - count) % FOOTER_MAX]))
        count++;
    return count < FOOTER_MAX && count < trial->records ? count : 0;
}

void infer_shape_find(struct slice bytes, bool is_whole, struct job_input *input, struct infer_shape *shape)
{
    struct slice first = slice_make(bytes.data, bytes.len < TRIAL_BYTES ? bytes.len : TRIAL_BYTES);
    struct slice plain = slice_begins_with(bytes, "\xef\xbb\xbf") ? slice_skip(bytes, 3) : bytes;
    struct trial trial;

    *shape = (struct infer_shape){0};
    input->quote = '"';
    input->strips_guards = memmem(first.data, first.len, "=\"", 2) != NULL; /* so that `="a,b"` is one cell */
    find_delimiter(first, plain, input);
    try_input(input, is_whole ? bytes : first, &trial);
    input->skip_footer = is_whole ? count_footers(&trial) : 0;
    if (input->skip_footer)
        try_input(input, bytes, &trial);
    shape->records = trial.records;
    shape->guards = trial.guards;
    shape->has_no_header = trial.is_data;
    input->strips_guards = trial.guards > 0;
    if (trial.ragged * 100 >= trial.records * RAGGED_PERCENT && trial.ragged) {
        struct job_input tried = *input;
        struct trial padded;
        tried.ragged = JOB_RAGGED_PAD;
        try_input(&tried, is_whole ? bytes : first, &padded);
        if (padded.ragged < trial.ragged) {
            input->ragged = JOB_RAGGED_PAD;
            shape->ragged = trial.ragged - padded.ragged;
        }
    }
}
