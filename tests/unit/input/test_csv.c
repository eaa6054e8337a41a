#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/input/reading.h"

static const struct job_input comma = {
    .format = JOB_FORMAT_CSV, .delimiter = ',', .quote = '"', .max_record = 60};

struct example {
    const char *sentence;
    struct slice text;
    int end;
    const char *want;
};

#define TEXT(literal) SLICE_LITERAL(literal)
/* 20 and 50 bytes */
#define X20 "xxxxxxxxxxxxxxxxxxxx"
#define X50 X20 X20 "xxxxxxxxxx"

static const struct example good[] = {
    {"LF ends a record", TEXT("a,b\n1,2\n3,4\n"), 0, "1@2 1|2\n2@3 3|4\nend"},
    {"CRLF ends a record", TEXT("a,b\r\n1,2\r\n3,4\r\n"), 0, "1@2 1|2\n2@3 3|4\nend"},
    {"CR ends a record", TEXT("a,b\r1,2\r3,4\r"), 0, "1@2 1|2\n2@3 3|4\nend"},
    {"line ends may be mixed", TEXT("a,b\r1,2\n3,4\r\n5,6"), 0, "1@2 1|2\n2@3 3|4\n3@4 5|6\nend"},
    {"a clean end without a line end is a record", TEXT("a,b\n1,2"), 0, "1@2 1|2\nend"},
    {"a quoted last cell needs no line end", TEXT("a,b\n1,\"2\""), 0, "1@2 1|2\nend"},
    {"an empty last cell needs no line end", TEXT("a,b\n1,"), 0, "1@2 1|\nend"},
    {"a header alone has no records", TEXT("a,b\n"), 0, "end"},
    {"blank lines are no records and count as lines", TEXT("\na,b\n\n\r\n1,2\n\n\n3,4\n\n"), 0,
     "1@5 1|2\n2@8 3|4\nend"},
    {"a blank line is no record of one column either", TEXT("a\n1\n\n2\n"), 0, "1@2 1\n2@4 2\nend"},
    {"two quotes are an empty cell", TEXT("a\n\"\"\n2\n"), 0, "1@2 \n2@3 2\nend"},
    {"a line of blanks is a cell of blanks", TEXT("a\n  \n2\n \t"), 0, "1@2   \n2@3 2\n3@4  \t\nend"},
    {"quotes hold delimiters and doubled quotes", TEXT("a,b\n\"1,5\",\"say \"\"hi\"\"\"\n"), 0,
     "1@2 1,5|say \"hi\"\nend"},
    {"a line end in quotes is data", TEXT("a,b\n\"1\n2\",3\n4,5\n"), 0, "1@2 1\\n2|3\n2@4 4|5\nend"},
    {"CRLF in quotes is data and one line", TEXT("a,b\r\n1,\"2\r\n\r\n3\"\r\n4,5\r\n"), 0,
     "1@2 1|2\\r\\n\\r\\n3\n2@5 4|5\nend"},
    {"CR in quotes is data", TEXT("a,b\r\"1\r2\",3\r4,5\r"), 0, "1@2 1\\r2|3\n2@4 4|5\nend"},
    {"a blank line in quotes is data", TEXT("a\n\"1\n\n2\"\n3\n"), 0, "1@2 1\\n\\n2\n2@5 3\nend"},
    {"a header may span lines", TEXT("\"a\nx\",b\n1,2\n"), 0, "1@3 1|2\nend"},
    {"blanks are never stripped", TEXT("a,b\n  1 , 2\t\n\" 3 \",  \n"), 0, "1@2   1 | 2\t\n2@3  3 |  \nend"},
    {"blanks at the very end are not stripped", TEXT("a,b\n1, 2 "), 0, "1@2 1| 2 \nend"},
    {"inner blanks stay", TEXT("a,b\nAnna Maria,b  c\n"), 0, "1@2 Anna Maria|b  c\nend"},
    {"a NUL is data", TEXT("a,b\n1\0z,2\n\"\0\",\0\n"), 0, "1@2 1\\0z|2\n2@3 \\0|\\0\nend"},
    {"bytes over 7F are data", TEXT("a,b\n\xff\xfe,\xc3\xa9\n"), 0, "1@2 \xff\xfe|\xc3\xa9\nend"},
    {"a long quoted cell keeps what earlier lines brought", TEXT("a,b\n\"" X20 "\n\",\"y\"\n"), 0,
     "1@2 " X20 "\\n|y\nend"},
    {"a record of exactly max_record is good", TEXT("a,b\n" X50 ",123456789\n1,2\n"), 0,
     "1@2 " X50 "|123456789\n2@3 1|2\nend"},
    {"a record of lines of exactly max_record is good",
     TEXT("a,b\n\"" X20 "\n" X20 "\",1234567890123456\r\n"), 0,
     "1@2 " X20 "\\n" X20 "|1234567890123456\n"
     "end"},
};

static const struct example bad[] = {
    {"a quote in an unquoted cell costs its line", TEXT("a,b\n1,2\n3,4\"\n5,6\n"), 0,
     "1@2 1|2\n2@3 !malformed 3,4\"\n3@4 5|6\nend"},
    {"text after a closing quote costs its line", TEXT("a,b\n1,2\n\"3\"x,4\n5,6\n"), 0,
     "1@2 1|2\n2@3 !malformed \"3\"x,4\n3@4 5|6\nend"},
    {"a blank after a closing quote costs its line", TEXT("a,b\n\"3\" ,4\n5,6\n"), 0,
     "1@2 !malformed \"3\" ,4\n2@3 5|6\nend"},
    {"a blank before a quote costs its line", TEXT("a,b\n3, \"4\"\n5,6\n"), 0,
     "1@2 !malformed 3, \"4\"\n2@3 5|6\nend"},
    {"a quote that stays open to the end costs its line", TEXT("a,b\n1,2\n3,\"4\n5,6\n7,8\n"), 0,
     "1@2 1|2\n2@3 !malformed 3,\"4\n3@4 5|6\n4@5 7|8\nend"},
    {"an open quote on the last line costs it", TEXT("a,b\n1,2\n3,\"4"), 0,
     "1@2 1|2\n2@3 !malformed 3,\"4\nend"},
    {"an open quote that meets another costs its line", TEXT("a,b\n1,\"2\n3,4\n5,\"6\n7,8\n"), 0,
     "1@2 !malformed 1,\"2\n2@3 3|4\n3@4 !malformed 5,\"6\n4@5 7|8\nend"},
    {"line ends of a bad record are left out, CRLF", TEXT("a,b\r\n1,2\"\r\n3,4\r\n"), 0,
     "1@2 !malformed 1,2\"\n2@3 3|4\nend"},
    {"line ends of a bad record are left out, CR", TEXT("a,b\r1,\"2\r3,4\r"), 0,
     "1@2 !malformed 1,\"2\n2@3 3|4\nend"},
    {"blank lines after an open quote are blank again", TEXT("a,b\n1,\"2\n\n3,4\n"), 0,
     "1@2 !malformed 1,\"2\n2@4 3|4\nend"},
    {"an open quote past max_record costs its line", TEXT("a,b\n1,\"2\n" X20 ",3\n" X20 ",4\n" X20 ",5\n"), 0,
     "1@2 !malformed 1,\"2\n2@3 " X20 "|3\n3@4 " X20 "|4\n4@5 " X20 "|5\nend"},
    {"a long line after an open quote is too long by itself", TEXT("a,b\n1,\"2\n" X50 X20 "\n3,4\n"), 0,
     "1@2 !malformed 1,\"2\n2@3 !too_long " X50 "xxxxxxxxxx\n3@4 3|4\nend"},
    {"a line over max_record is too long", TEXT("a,b\n1,2\n" X50 ",1234567890\n3,4\n"), 0,
     "1@2 1|2\n2@3 !too_long " X50 ",123456789\n3@4 3|4\nend"},
    {"a last line over max_record is too long", TEXT("a,b\n" X50 X50), 0,
     "1@2 !too_long " X50 "xxxxxxxxxx\nend"},
    {"a long line that ends in CRLF is one line", TEXT("a,b\r\n" X50 X50 "\r\n1,2\r\n"), 0,
     "1@2 !too_long " X50 "xxxxxxxxxx\n2@3 1|2\nend"},
    {"a well-formed record of lines over max_record costs its first line",
     TEXT("a,b\n\"" X20 "\n" X20 "\"," X20 "\n3,4\n"), 0,
     "1@2 !too_long \"" X20 "\n2@3 !malformed " X20 "\"," X20 "\n3@4 3|4\nend"},
    {"too few and too many cells are rejected whole", TEXT("a,b\n1\n2,3\n4,5,6\n7,\n"), 0,
     "1@2 !columns 1\n2@3 2|3\n3@4 !columns 4,5,6\n4@5 7|\nend"},
    {"a record of lines with too many cells is rejected whole", TEXT("a,b\n\"1\n2\",3,4\r\n5,6\n"), 0,
     "1@2 !columns \"1\\n2\",3,4\n2@4 5|6\nend"},
};

static const struct example cut[] = {
    {"a record that looks complete is cut", TEXT("a,b\n1,2\n3,4"), -1, "1@2 1|2\n2@3 !cut 3,4\ncut"},
    {"nothing is cut right after LF", TEXT("a,b\n1,2\n"), -1, "1@2 1|2\ncut"},
    {"nothing is cut right after CR", TEXT("a,b\r1,2\r"), -1, "1@2 1|2\ncut"},
    {"nothing is cut between CR and LF", TEXT("a,b\r\n1,2\r"), -1, "1@2 1|2\ncut"},
    {"nothing is cut after the header", TEXT("a,b\n"), -1, "cut"},
    {"nothing is cut after blank lines", TEXT("a,b\n1,2\n\n\n"), -1, "1@2 1|2\ncut"},
    {"a record in quotes is cut at a line end too", TEXT("a,b\n1,2\n3,\"4\n"), -1,
     "1@2 1|2\n2@3 !cut 3,\"4\\n\ncut"},
    {"all of a record in quotes is cut", TEXT("a,b\n3,\"4\nx"), -1, "1@2 !cut 3,\"4\\nx\ncut"},
    {"a cut record may be over max_record", TEXT("a,b\n" X50 X50), -1, "1@2 !cut " X50 "xxxxxxxxxx\ncut"},
};

static const size_t block_lens[] = {1, 2, 3, 5, 7, 64, 4096};

static void run_examples(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < sizeof block_lens / sizeof *block_lens; j++) {
            struct buffer got;
            reading_run(&comma, examples[i].text, block_lens[j], examples[i].end, &got);
            if (!slice_is(buffer_slice(&got), examples[i].want))
                fail_msg("%s (blocks of %zu): want\n%s\ngot\n%s", examples[i].sentence, block_lens[j],
                         examples[i].want, got.data);
            buffer_clear(&got);
        }
    }
}

static void good_records_come_out_byte_for_byte(void **state)
{
    (void)state;
    run_examples(good, sizeof good / sizeof *good);
}

static void a_bad_record_costs_its_first_line_and_no_neighbour(void **state)
{
    (void)state;
    run_examples(bad, sizeof bad / sizeof *bad);
}

static void a_record_in_progress_where_the_input_breaks_off_is_cut(void **state)
{
    (void)state;
    run_examples(cut, sizeof cut / sizeof *cut);
}

/* The message of the first record with a fault. */
static void first_message(const struct job_input *input, struct slice text, struct buffer *out)
{
    struct reading_feed feed = {.rest = text, .block_len = 4096};
    struct reader *reader = reader_new(input, 7, (struct reader_feed){reading_next, &feed});
    struct reader_header header;
    struct error error;
    assert_int_equal(reader_header(reader, "in.csv", &header, &error), 0);
    struct batch *batch = batch_new();
    reader_fill(reader, batch);
    buffer_init(out, 4096);
    for (size_t i = 0; i < batch->count && out->len == 0; i++) {
        assert_int_equal(batch->records[i].input, 7);
        buffer_append(out, batch->records[i].fault_message);
    }
    batch_free(batch);
    reader_free(reader);
    free(feed.block);
}

static void a_fault_names_its_place_and_what_to_do(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *want;
    } faults[] = {
        {TEXT("a,b\n1,2\n3,é\"\n"), "a quote inside an unquoted cell (column 4 of line 3): "},
        {TEXT("a,b\n\"x\"y,2\n"), "text after the closing quote of a cell (column 4 of line 2): "},
        {TEXT("a,b\n1,\"2\n3,4\n5,\"6\n"),
         "a quote that is opened on this line is closed on line 4 in the middle of text (column 4): "},
        {TEXT("a,b\n1,\"2\n"), "a quote that is opened on this line is never closed: "},
        {TEXT("a,b\n1,\"2\n" X20 "\n" X20 "\n" X20 "\n"),
         "a quote that is opened on this line is not closed within max_record (60 bytes): "},
        {TEXT("a,b\n1,2,3\n"), "3 cells where the header has 2 columns: "},
        {TEXT("a,b\n" X50 X50 "\n"), "a line of 100 bytes, over max_record (60): "},
        {TEXT("a,b\n\"" X20 "\n" X20 "\"," X20 "\n"),
         "a record of 64 bytes in 2 lines, over max_record (60): "},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct buffer got;
        first_message(&comma, faults[i].text, &got);
        if (!got.data || strncmp(got.data, faults[i].want, strlen(faults[i].want)) != 0)
            fail_msg("want %s…\ngot %s", faults[i].want, got.data ? got.data : "nothing");
        buffer_clear(&got);
    }
}

static void delimiter_and_quote_are_the_jobs(void **state)
{
    (void)state;
    static const struct {
        char delimiter, quote;
        const char *text, *want;
    } dialects[] = {
        {';', '"', "a;b\n1,5;\"x;y\"\n", "1@2 1,5|x;y\nend"},
        {'\t', '"', "a\tb\n1 \t 2\n\t\"x\ty\"\n", "1@2 1 | 2\n2@3 |x\ty\nend"},
        {'|', '\'', "a|b\n'it''s'|say \"hi\"\n", "1@2 it's|say \"hi\"\nend"},
        {' ', '"', "a b\n1 2\n \n\"x y\" z\n", "1@2 1|2\n2@3 |\n3@4 x y|z\nend"},
    };
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        struct job_input input = comma;
        input.delimiter = dialects[i].delimiter;
        input.quote = dialects[i].quote;
        struct buffer got;
        reading_run(&input, slice_from(dialects[i].text), 3, 0, &got);
        assert_string_equal(got.data, dialects[i].want);
        buffer_clear(&got);
    }
}

/* libcsv in its default mode takes the lone quote of row 2 for the begin of a cell that runs to the next
 * quote, and gives a record that holds rows 2 to 4. */
static void the_traps_of_libcsv_are_closed(void **state)
{
    (void)state;
    static const char text[] = "id,name,city\n"
                               "1,Ann,Rome\n"
                               "2,\"Bob,Oslo\n"
                               "3, Cid ,Bonn\n"
                               "4,Dee,\"Ulm\"x\n"
                               "5,\"E\"\"e\",Graz\n"
                               "6,F\"f,Linz\n"
                               "7,Gus,\" Bern \"\n";
    struct buffer got;
    reading_run(&comma, slice_from(text), 4096, 0, &got);
    assert_string_equal(got.data, "1@2 1|Ann|Rome\n"
                                  "2@3 !malformed 2,\"Bob,Oslo\n"
                                  "3@4 3| Cid |Bonn\n"
                                  "4@5 !malformed 4,Dee,\"Ulm\"x\n"
                                  "5@6 5|E\"e|Graz\n"
                                  "6@7 !malformed 6,F\"f,Linz\n"
                                  "7@8 7|Gus| Bern \n"
                                  "end");
    buffer_clear(&got);
}

static void a_batch_is_closed_by_count_or_bytes(void **state)
{
    (void)state;
    struct job_input input = comma;
    input.max_record = 1 << 20;
    struct buffer text;
    buffer_init(&text, 16 << 20);
    buffer_append_text(&text, "a\n");
    for (int i = 0; i < 300; i++)
        buffer_append_text(&text, "1\n");
    for (int i = 0; i < 100000; i++) /* a record of 300,000 bytes */
        buffer_append_text(&text, "xyz");
    buffer_append_text(&text, "\n2\n");
    for (int i = 0; i < 3 * 50000; i++) /* three of 150,000 */
        buffer_append_text(&text, i % 50000 == 49999 ? "xy\n" : "xyz");

    struct reading_feed feed = {.rest = buffer_slice(&text), .block_len = 8192};
    struct reader *reader = reader_new(&input, 0, (struct reader_feed){reading_next, &feed});
    struct reader_header header;
    struct error error;
    assert_int_equal(reader_header(reader, "in.csv", &header, &error), 0);
    static const size_t want_counts[] = {256, 44, 1, 2, 1, 1};
    struct batch *batch = batch_new();
    uint64_t row = 0;
    enum reader_result result = READER_MORE;
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(result, READER_MORE);
        result = reader_fill(reader, batch);
        assert_int_equal(batch->count, want_counts[i]);
        for (size_t j = 0; j < batch->count; j++) {
            assert_int_equal(batch->records[j].row, ++row);
            assert_int_equal(batch->records[j].line, row + 1);
            assert_null(batch->records[j].fault);
        }
        batch_reset(batch);
    }
    assert_int_equal(result, READER_END);
    batch_free(batch);
    reader_free(reader);
    free(feed.block);
    buffer_clear(&text);
}

static void a_large_cut_record_travels_alone(void **state)
{
    (void)state;
    struct job_input input = comma;
    input.max_record = 1 << 20;
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_append_text(&text, "a\n1\n");
    for (int i = 0; i < 100000; i++)
        buffer_append_text(&text, "xyz");
    struct reading_feed feed = {.rest = buffer_slice(&text), .block_len = 8192, .end = -1};
    struct reader *reader = reader_new(&input, 0, (struct reader_feed){reading_next, &feed});
    struct reader_header header;
    struct error error;
    assert_int_equal(reader_header(reader, "in.csv", &header, &error), 0);
    struct batch *batch = batch_new();
    assert_int_equal(reader_fill(reader, batch), READER_MORE);
    assert_int_equal(batch->count, 1);
    batch_reset(batch);
    assert_int_equal(reader_fill(reader, batch), READER_CUT);
    assert_int_equal(batch->count, 1);
    assert_int_equal(batch->records[0].raw.len, 300000);
    batch_reset(batch);
    assert_int_equal(reader_fill(reader, batch), READER_CUT);
    assert_int_equal(batch->count, 0);
    batch_free(batch);
    reader_free(reader);
    free(feed.block);
    buffer_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_records_come_out_byte_for_byte),
        cmocka_unit_test(a_bad_record_costs_its_first_line_and_no_neighbour),
        cmocka_unit_test(a_record_in_progress_where_the_input_breaks_off_is_cut),
        cmocka_unit_test(a_fault_names_its_place_and_what_to_do),
        cmocka_unit_test(delimiter_and_quote_are_the_jobs),
        cmocka_unit_test(the_traps_of_libcsv_are_closed),
        cmocka_unit_test(a_batch_is_closed_by_count_or_bytes),
        cmocka_unit_test(a_large_cut_record_travels_alone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
