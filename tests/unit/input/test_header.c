#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/input/reading.h"

#define TEXT(literal) SLICE_LITERAL(literal)
#define BOM           "\xef\xbb\xbf"

/* want: `name|name;raw`, or a part of the error's text. */
struct example {
    const char *sentence;
    const struct encoding *encoding;
    struct slice text;
    const char *want;
};

static const struct example good[] = {
    {"names come as they are", &encoding_utf8, TEXT("id,given name\n1,2\n"), "id|given name;id,given name"},
    {"a byte order mark is no part of a name", &encoding_utf8, TEXT(BOM "id,b\r\n1,2\n"), "id|b;" BOM "id,b"},
    {"a quoted name may follow a byte order mark", &encoding_utf8, TEXT(BOM "\"id\",b\n"),
     "id|b;" BOM "\"id\",b"},
    {"blank lines may come first", &encoding_utf8, TEXT(BOM "\n\r\nid,b\n"), "id|b;id,b"},
    {"outer blanks go, inner ones stay", &encoding_utf8,
     TEXT(" id\t,\"\nb  c\r\n\",\xc2\xa0"
          "d\xe2\x80\x89\n"),
     "id|b  c|d; id\t,\"\\nb  c\\r\\n\",\xc2\xa0"
     "d\xe2\x80\x89"},
    {"a header needs no line end", &encoding_utf8, TEXT("id,b"), "id|b;id,b"},
    {"a name may be empty", &encoding_utf8, TEXT("id,, \n"), "id||;id,, "},
    {"UTF-8 names stay", &encoding_utf8, TEXT("Größe,né\n"), "Größe|né;Größe,né"},
    {"latin1 names are decoded, the raw header is not", &encoding_latin1,
     TEXT("Gr\xf6\xdf"
          "e,\xa0n\xe9\n"),
     "Größe|né;Gr\xf6\xdf"
     "e,\xa0n\xe9"},
    {"windows-1252 names are decoded", &encoding_windows1252, TEXT("\x80,b\n"), "€|b;\x80,b"},
    {"a mark that is no mark stays", &encoding_latin1,
     TEXT("\xef\xbb"
          "a\n"),
     "ï»a;\xef\xbb"
     "a"},
};

static const struct example bad[] = {
    {"an empty input has no header", &encoding_utf8, TEXT(""), "in.csv: is empty"},
    {"blank lines are no header", &encoding_utf8, TEXT("\n\n\r\n"), "in.csv: is empty"},
    {"a byte order mark alone is no header", &encoding_utf8, TEXT(BOM), "in.csv: is empty"},
    {"a malformed header is an error", &encoding_utf8, TEXT("\nid,b\"\n1,2\n"),
     "in.csv:2: the header cannot be read: a quote inside an unquoted cell (column 5 of line 2)"},
    {"a header that stays open is an error", &encoding_utf8, TEXT("id,\"b\n1,2\n"), "is never closed"},
    {"a header over max_record is an error", &encoding_utf8,
     TEXT("0123456789012345678901234567890123456789012345678901234567890\n"),
     "longer than max_record (60 bytes)"},
    {"latin1 names are an error in UTF-8", &encoding_utf8, TEXT("id,n\xe9\n"),
     "column 2 of the header is not utf-8"},
    {"an undefined byte is an error in windows-1252", &encoding_windows1252, TEXT("\x81,b\n"),
     "column 1 of the header is not windows-1252"},
    {"a UTF-8 mark contradicts latin1", &encoding_latin1, TEXT(BOM "id,b\n"), "input.encoding is latin1"},
    {"UTF-16 without a mark is known by its NULs", &encoding_utf8, TEXT("i\0d\0,\0b\0\n\0"), "UTF-16"},
};

static const size_t block_lens[] = {1, 2, 4096};

/* Appends what reader_header gives; returns its result. */
static int read_header(const struct example *example, size_t block_len, int end, struct buffer *out,
                       struct error *error)
{
    struct job_input input = {
        .delimiter = ',', .quote = '"', .max_record = 60, .encoding = *example->encoding};
    struct reading_feed feed = {.rest = example->text, .block_len = block_len, .end = end};
    struct reader *reader = reader_new(&input, 0, (struct reader_feed){reading_next, &feed});
    struct reader_header header;
    buffer_init(out, 4096);
    int result = reader_header(reader, "in.csv", &header, error);
    if (result == 0) {
        for (size_t i = 0; i < header.column_count; i++) {
            buffer_append_text(out, i ? "|" : "");
            reading_add(out, header.columns[i]);
        }
        buffer_append_char(out, ';');
        reading_add(out, header.raw);
    }
    reader_free(reader);
    free(feed.block);
    return result;
}

static void a_header_names_the_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        for (size_t j = 0; j < 3; j++) {
            struct buffer got;
            struct error error = {0};
            int result = read_header(&good[i], block_lens[j], 0, &got, &error);
            if (result != 0 || !slice_is(buffer_slice(&got), good[i].want))
                fail_msg("%s: want\n%s\ngot\n%s%s", good[i].sentence, good[i].want, got.data ? got.data : "",
                         error.text);
            buffer_clear(&got);
        }
    }
}

static void a_header_that_cannot_be_read_is_an_error_of_the_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        for (size_t j = 0; j < 3; j++) {
            struct buffer got;
            struct error error = {0};
            int result = read_header(&bad[i], block_lens[j], 0, &got, &error);
            if (result != -1 || error.scope != ERROR_INPUT || !strstr(error.text, bad[i].want))
                fail_msg("%s: want\n%s\ngot\n%s", bad[i].sentence, bad[i].want, error.text);
            buffer_clear(&got);
        }
    }
}

static void a_feed_that_breaks_off_in_the_header_leaves_the_error_to_the_feed(void **state)
{
    (void)state;
    static const struct example cuts[] = {
        {"", &encoding_utf8, TEXT("id,b"), ""},
        {"", &encoding_utf8, TEXT("id,\"b\n"), ""},
        {"", &encoding_utf8, TEXT(""), ""},
        {"", &encoding_utf8, TEXT("\n"), ""},
    };
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct buffer got;
        struct error error = {.scope = ERROR_INPUT};
        assert_int_equal(read_header(&cuts[i], 4096, -1, &got, &error), -1);
        assert_int_equal(error.scope, ERROR_NONE);
        buffer_clear(&got);
    }
}

static void records_after_a_marked_header_count_their_lines(void **state)
{
    (void)state;
    struct job_input input = {.delimiter = ',', .quote = '"', .max_record = 60};
    struct buffer got;
    reading_run(&input, TEXT(BOM "\"a\nb\",c\n\n1,2\n"), 2, 0, &got);
    assert_string_equal(got.data, "1@4 1|2\nend");
    buffer_clear(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_names_the_columns),
        cmocka_unit_test(a_header_that_cannot_be_read_is_an_error_of_the_input),
        cmocka_unit_test(a_feed_that_breaks_off_in_the_header_leaves_the_error_to_the_feed),
        cmocka_unit_test(records_after_a_marked_header_count_their_lines),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
