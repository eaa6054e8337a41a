/* Lines of NDJSON: what is a record, where it begins, and what becomes of one that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/memory.h"
#include "unit/input/reading.h"

static const struct job_input ndjson = {.format = JOB_FORMAT_NDJSON, .max_record = 20};

struct reading_case {
    const char *sentence;
    struct slice text;
    int end;
    const char *want;
};

#define READING(sentence, text, end, want)                                                                   \
    {                                                                                                        \
        sentence, {text, sizeof(text) - 1}, end, want                                                        \
    }

static void each_line_is_independent(void **state)
{
    (void)state;
    static const struct reading_case cases[] = {
        READING("nothing", "", 0, "end"),
        READING("one without a line end", "{\"a\":1}", 0, "1@1 {\"a\":1}\nend"),
        READING("LF", "{}\n[]\n", 0, "1@1 {}\n2@2 []\nend"),
        READING("CRLF", "{}\r\n{\"a\":1}\r\n", 0, "1@1 {}\n2@2 {\"a\":1}\nend"),
        READING("a lone CR is blank space in JSON", "{\"a\":1,\r\"b\":2}\n", 0,
                "1@1 {\"a\":1,\\r\"b\":2}\nend"),
        READING("lines of blanks count as lines, not as rows", "\n{}\n \t \n\r\n{}\n\n", 0,
                "1@2 {}\n2@5 {}\nend"),
        READING("a byte order mark", "\xef\xbb\xbf{}\n", 0, "1@1 {}\nend"),
        READING("only a byte order mark", "\xef\xbb\xbf", 0, "end"),
        READING("what is no JSON is for the workers to say", "x\n{}\n", 0, "1@1 x\n2@2 {}\nend"),
        READING("a NUL", "{\0}\n", 0, "1@1 {\\0}\nend"),
        READING("exactly max_record", "{\"a\":\"123456789012\"}\r\n{}", 0,
                "1@1 {\"a\":\"123456789012\"}\n2@2 {}\nend"),
        READING("one byte over it", "{\"a\":\"1234567890123\"}\n{}\n", 0,
                "1@1 !too_long {\"a\":\"1234567890123\"\n2@2 {}\nend"),
        READING("far over it", "{\"a\":\"1234567890123 and on and on and on\"}\r\n{}\n", 0,
                "1@1 !too_long {\"a\":\"1234567890123 \n2@2 {}\nend"),
        READING("cut in a record", "{}\n{\"a\":", -1, "1@1 {}\n2@2 !cut {\"a\":\ncut"),
        READING("cut where it looks complete", "{}\n{}", -1, "1@1 {}\n2@2 !cut {}\ncut"),
        READING("cut right after a record", "{}\n", -1, "1@1 {}\ncut"),
        READING("cut in blanks", "{}\n  ", -1, "1@1 {}\ncut"),
        READING("cut in a long line", "{\"a\":\"1234567890123 and on", -1,
                "1@1 !cut {\"a\":\"1234567890123 \ncut"),
        READING("cut at once", "", -1, "cut"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t block_len = 1; block_len < 70; block_len += block_len < 8 ? 1 : 61) {
            struct buffer got;
            reading_run(&ndjson, cases[i].text, block_len, cases[i].end, &got);
            if (!slice_is(buffer_slice(&got), cases[i].want))
                fail_msg("%s, in blocks of %zu:\n%s\ninstead of\n%s", cases[i].sentence, block_len, got.data,
                         cases[i].want);
            buffer_clear(&got);
        }
    }
}

/* Many lines of many lengths: each comes back, in order, and batches keep to their bounds. */
static void batches_are_closed_at_their_bounds(void **state)
{
    (void)state;
    enum { LINES = 3000 };
    const struct job_input input = {.format = JOB_FORMAT_NDJSON, .max_record = 1 << 20};
    struct buffer text;
    buffer_init(&text, 1 << 30);
    for (size_t i = 0; i < LINES; i++)
        buffer_printf(&text, "{%0*zu\n", i % 100 == 99 ? 100000 : (int)(i % 7) + 5, i);
    struct reading_feed feed = {.rest = buffer_slice(&text), .block_len = 65536};
    struct reader *reader = reader_new(&input, 3, (struct reader_feed){reading_next, &feed});
    struct reader_header header;
    struct error error;
    assert_int_equal(reader_header(reader, "x", &header, &error), 0);
    assert_int_equal(header.column_count, 0);
    struct batch *batch = batch_new();
    size_t next = 0;
    enum reader_result result;
    do {
        batch_reset(batch);
        result = reader_fill(reader, batch);
        size_t len = 0;
        for (size_t i = 0; i < batch->count; i++) {
            const struct record *record = &batch->records[i];
            len += record->raw.len;
            assert_int_equal(strtoul(record->raw.data + 1, NULL, 10), next);
            assert_int_equal(record->row, next + 1);
            assert_int_equal(record->line, next + 1);
            assert_int_equal(record->input, 3);
            for (size_t offset = 0; offset < JSON_PADDING; offset++) /* can be read */
                assert_int_equal(record->raw.data[record->raw.len + offset], 0);
            next++;
        }
        assert_true(batch->count == 1 || len <= BATCH_BYTES_MAX);
    } while (result == READER_MORE);
    assert_int_equal(result, READER_END);
    assert_int_equal(next, LINES);
    batch_free(batch);
    reader_free(reader);
    free(feed.block);
    buffer_clear(&text);
}

static void a_mark_of_utf8_before_another_encoding_is_refused(void **state)
{
    (void)state;
    struct job_input input = ndjson;
    input.encoding = encoding_latin1;
    struct buffer got;
    reading_run(&input, SLICE_LITERAL("\xef\xbb\xbf{}"), 100, 0, &got);
    assert_non_null(strstr(got.data, "error 3"));
    buffer_clear(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_independent),
        cmocka_unit_test(batches_are_closed_at_their_bounds),
        cmocka_unit_test(a_mark_of_utf8_before_another_encoding_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ndjson", tests, NULL, NULL);
}
