#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <time.h>

#include "unit/input/reading.h"

enum { MAX_RECORD = 80, TEXT_MAX = 8192, LINES_MAX = 8192, ROUNDS = 6000 };

static const struct job_input comma = {
    .format = JOB_FORMAT_CSV, .delimiter = ',', .quote = '"', .max_record = MAX_RECORD};

static uint64_t random_state = 20240611;

static size_t random_below(size_t bound)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (size_t)(random_state >> 33) % bound;
}

/* The rules of input/csv.h applied to a whole text, as plainly as possible: the reader is compared with it.
 */
struct oracle {
    struct slice text;
    int end;
    struct slice lines[LINES_MAX]; /* without their line ends */
    size_t count;
    bool tail_is_cut; /* the last line has no line end, and the input broke off */
    struct slice cells[TEXT_MAX];
    size_t cell_count;
    char bytes[TEXT_MAX]; /* of the cells */
};

static void split_lines(struct oracle *oracle)
{
    const char *cursor = oracle->text.data, *end = cursor + oracle->text.len;
    oracle->count = 0;
    oracle->tail_is_cut = false;
    while (cursor < end) {
        const char *start = cursor;
        while (cursor < end && *cursor != '\r' && *cursor != '\n')
            cursor++;
        oracle->lines[oracle->count++] = slice_make(start, (size_t)(cursor - start));
        if (cursor == end)
            oracle->tail_is_cut = oracle->end == -1;
        else if (*cursor == '\r' && cursor + 1 < end && cursor[1] == '\n')
            cursor += 2;
        else
            cursor++;
    }
}

static bool is_cut(const struct oracle *oracle, size_t line)
{
    return oracle->end == -1 && line + oracle->tail_is_cut == oracle->count;
}

/* The rule that the record at line `first` breaks, or NULL; *last is its last line. */
static const char *judge_record(struct oracle *oracle, size_t first, size_t *last)
{
    enum { CELL_START, PLAIN, QUOTED, AFTER_QUOTE } state = CELL_START;
    char *to = oracle->bytes, *cell = to;
    oracle->cell_count = 0;
    for (size_t line = first;; line++) {
        *last = line;
        if (line == oracle->count)
            return oracle->end == -1 ? RULE_CUT : RULE_MALFORMED;
        if (oracle->lines[line].len > MAX_RECORD)
            return line > first ? RULE_MALFORMED : is_cut(oracle, line) ? RULE_CUT : RULE_TOO_LONG;
        if (is_cut(oracle, line))
            return RULE_CUT;
        const char *cursor = oracle->lines[line].data, *line_end = cursor + oracle->lines[line].len;
        for (; cursor < line_end; cursor++) {
            bool quote = *cursor == '"', comma_here = *cursor == ',';
            if ((state == PLAIN && quote) || (state == AFTER_QUOTE && !quote && !comma_here))
                return RULE_MALFORMED;
            if (comma_here && state != QUOTED) {
                oracle->cells[oracle->cell_count++] = slice_make(cell, (size_t)(to - cell));
                cell = to;
                state = CELL_START;
            } else if (quote && state != AFTER_QUOTE) {
                state = state == QUOTED ? AFTER_QUOTE : QUOTED;
            } else {
                state = state == AFTER_QUOTE || state == QUOTED ? QUOTED : PLAIN;
                *to++ = *cursor;
            }
        }
        bool is_long = (size_t)(line_end - oracle->lines[first].data) > MAX_RECORD;
        if (state != QUOTED) {
            oracle->cells[oracle->cell_count++] = slice_make(cell, (size_t)(to - cell));
            return is_long ? RULE_TOO_LONG : NULL;
        }
        if (is_long)
            return RULE_MALFORMED;
        const char *next =
            line + 1 < oracle->count ? oracle->lines[line + 1].data : oracle->text.data + oracle->text.len;
        while (cursor < next)
            *to++ = *cursor++;
    }
}

/* As reading_run gives it. The header is `a,b,c` on the first line. */
static void run_oracle(struct oracle *oracle, struct buffer *out)
{
    split_lines(oracle);
    buffer_init(out, 1 << 20);
    unsigned long long row = 0;
    for (size_t first = 1; first < oracle->count;) {
        struct slice line = oracle->lines[first], raw = line;
        if (line.len == 0) {
            first++;
            continue;
        }
        size_t last, number = first + 1;
        const char *rule = judge_record(oracle, first, &last);
        const char *text_end = oracle->text.data + oracle->text.len;
        first++;
        if (rule && strcmp(rule, RULE_CUT) == 0) {
            bool is_long_line = line.len > MAX_RECORD;
            raw.len = is_long_line ? MAX_RECORD : (size_t)(text_end - line.data);
            first = oracle->count;
        } else if (!rule) {
            raw.len = (size_t)(oracle->lines[last].data + oracle->lines[last].len - line.data);
            first = last + 1;
        } else if (raw.len > MAX_RECORD) {
            raw.len = MAX_RECORD;
        }
        if (!rule && oracle->cell_count != 3)
            rule = RULE_COLUMNS;
        row++;
        struct record record = {.row = row,
                                .line = number,
                                .fault = rule,
                                .raw = rule ? raw : slice_make(NULL, 0),
                                .cells = oracle->cells};
        record.cell_count = rule ? 0 : oracle->cell_count;
        reading_add_record(out, &record);
    }
    buffer_append_text(out, oracle->end == -1 ? "cut" : "end");
}

static const char base_text[] =
    "a,b,c\n"
    "1,Ann,\"Rome, Italy\"\n"
    "2,Bob,\"two\nlines\"\n"
    "\n"
    "3, Cid ,\"say \"\"hi\"\"\"\r\n"
    "4,,\r\n"
    "5,\"\",\"\"\r6,Fay,\"a\r\n\r\nb\"\n"
    "7,Gus Gus,x\ty\n"
    "8,\"Hal\",\"\n\n\"\n"
    "9,Ida,zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\n"
    "10,Jo,\"last\"";

/* Changes, takes out, puts in or doubles some bytes behind the header. */
static size_t mutate(char *text, size_t len)
{
    static const char bytes[] = "\"\"\"\"\",,\n\n\r\r \0x\xff";
    size_t header = strlen("a,b,c\n");
    for (size_t count = 1 + random_below(6); count > 0 && len > header + 20; count--) {
        size_t offset = header + random_below(len - header), span = 1 + random_below(20);
        switch (random_below(4)) {
        case 0:
            text[offset] = bytes[random_below(sizeof bytes - 1)];
            break;
        case 1:
            span = span < len - offset ? span : len - offset;
            memmove(text + offset, text + offset + span, len - offset - span);
            len -= span;
            break;
        case 2:
            memmove(text + offset + 1, text + offset, len - offset);
            text[offset] = bytes[random_below(sizeof bytes - 1)];
            len++;
            break;
        default:
            span = span < len - offset ? span : len - offset;
            memmove(text + offset + span, text + offset, len - offset);
            len += span;
        }
    }
    return len;
}

static void any_text_is_read_as_the_rules_say(void **state)
{
    (void)state;
    static struct oracle oracle;
    static char text[TEXT_MAX];
    for (unsigned round = 0; round < ROUNDS; round++) {
        memcpy(text, base_text, sizeof base_text);
        size_t len = mutate(text, sizeof base_text - 1);
        oracle.text = slice_make(text, len);
        oracle.end = random_below(2) ? 0 : -1;
        if (oracle.end == -1)
            oracle.text.len = 6 + random_below(len - 5);
        struct buffer want, got;
        run_oracle(&oracle, &want);
        reading_run(&comma, oracle.text, 1 + random_below(40), oracle.end, &got);
        if (!slice_equal(buffer_slice(&want), buffer_slice(&got)))
            fail_msg("round %u: of\n%.*s\nwant\n%s\ngot\n%s", round, (int)oracle.text.len, text, want.data,
                     got.data);
        buffer_clear(&want);
        buffer_clear(&got);
    }
}

/* Bytes of a line that are changed, but not to a quote or a line end, change that record alone. */
static void a_change_without_quotes_harms_no_neighbour(void **state)
{
    (void)state;
    static const char bytes[] = ",,,\0 x\xff\t;'";
    struct buffer text, plain;
    buffer_init(&text, TEXT_MAX);
    buffer_append_text(&text, "a,b,c\n");
    for (int i = 0; i < 40; i++)
        buffer_printf(&text, i % 3 ? "%d,some name,a city\n" : "%d,\"some\nname\",a city\n", i);
    reading_run(&comma, buffer_slice(&text), 50, 0, &plain);
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t offset;
        do
            offset = 6 + random_below(text.len - 6);
        while (text.data[offset] == '\n' || text.data[offset] == '"' || text.data[offset - 1] == '"' ||
               text.data[offset + 1] == '"');
        char old = text.data[offset];
        text.data[offset] = bytes[random_below(sizeof bytes - 1)];
        struct buffer got;
        reading_run(&comma, buffer_slice(&text), 1 + random_below(60), 0, &got);
        text.data[offset] = old;

        unsigned changed = 0;
        const char *a = plain.data, *b = got.data;
        while (*a && *b) {
            size_t a_len = strcspn(a, "\n"), b_len = strcspn(b, "\n");
            changed += !slice_equal(slice_make(a, a_len), slice_make(b, b_len));
            a += a_len + (a[a_len] != '\0');
            b += b_len + (b[b_len] != '\0');
        }
        assert_true(changed <= 1 && !*a && !*b);
        buffer_clear(&got);
    }
    buffer_clear(&text);
    buffer_clear(&plain);
}

/* Each line opens a quote: the way back to the line after it must not make this quadratic. */
static void lone_quotes_on_every_line_end_in_seconds(void **state)
{
    (void)state;
    static const char *const lines[] = {"%d,\"open,x\n", "%d,\"open,\"\"\n", "\",%d,\"\"\n", "%d,\"\"\"x\n"};
    struct job_input input = comma;
    input.max_record = 1 << 20;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct buffer text, got;
        buffer_init(&text, 16 << 20);
        buffer_append_text(&text, "a,b,c\n");
        for (int j = 0; j < 100000; j++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            buffer_printf(&text, lines[i], j);
#pragma GCC diagnostic pop
        }
        clock_t start = clock();
        reading_run(&input, buffer_slice(&text), 65536, 0, &got);
        assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
        buffer_clear(&text);
        buffer_clear(&got);
    }
}

/* A header and one line of 256 MiB. */
static int endless_next(void *context, struct slice *block)
{
    static char text[65536];
    unsigned *count = context;
    if (*count == 4097)
        return 0;
    memset(text, *count % 2 ? 'x' : '"', sizeof text);
    *block = *count == 0 ? SLICE_LITERAL("a,b,c\n") : slice_make(text, sizeof text);
    ++*count;
    return 1;
}

static void a_line_without_end_is_passed_over_without_being_held(void **state)
{
    (void)state;
    unsigned blocks = 0;
    struct reader *reader = reader_new(&comma, 0, (struct reader_feed){endless_next, &blocks});
    struct reader_header header;
    struct error error;
    assert_int_equal(reader_header(reader, "in.csv", &header, &error), 0);
    struct batch *batch = batch_new();
    size_t memory_before = mallinfo2().uordblks + mallinfo2().hblkhd;
    assert_int_equal(reader_fill(reader, batch), READER_END);
    assert_true(mallinfo2().uordblks + mallinfo2().hblkhd < memory_before + (4 << 20));
    assert_int_equal(batch->count, 1);
    assert_string_equal(batch->records[0].fault, RULE_TOO_LONG);
    assert_int_equal(batch->records[0].raw.len, MAX_RECORD);
    assert_int_equal(blocks, 4097);
    batch_free(batch);
    reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_is_read_as_the_rules_say),
        cmocka_unit_test(a_change_without_quotes_harms_no_neighbour),
        cmocka_unit_test(lone_quotes_on_every_line_end_in_seconds),
        cmocka_unit_test(a_line_without_end_is_passed_over_without_being_held),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("csv_hostile", tests, NULL, NULL);
}
