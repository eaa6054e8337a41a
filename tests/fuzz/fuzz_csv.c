/* Any bytes as a CSV export, with any settings of csv and spreadsheet_guards. */
#include "fuzz/fuzz_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* An escape character that does not occur changes nothing but the hint of a message: so what csv_split reads
 * is what libcsv reads. */
static void check_unused_escape(const struct job_input *input, struct slice text)
{
    struct job_input other = *input;
    struct buffer one, two;
    other.escape = '^';
    if (input->escape || input->strips_guards || (text.len && memchr(text.data, '^', text.len)))
        return;
    reading_run(input, text, 4096, 0, &one);
    reading_run(&other, text, 4096, 0, &two);
    struct slice error = SLICE_LITERAL("error ");
    assert(slice_equal(buffer_slice(&one), buffer_slice(&two)) ||
           (slice_begins(buffer_slice(&one), error) && slice_begins(buffer_slice(&two), error)));
    buffer_clear(&one);
    buffer_clear(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char delimiters[] = {',', ';', '\t', '|'};
    static struct slice names[] = {{"a", 1}, {"b", 1}};
    struct job_input input = {.format = JOB_FORMAT_CSV, .delimiter = ',', .quote = '"', .max_record = 1000};

    if (len < FUZZ_READER_CHOICES)
        return 0;
    input.delimiter = delimiters[data[2] & 3];
    input.quote = data[2] & 4 ? '\'' : '"';
    input.escape = data[2] & 8 ? '\\' : '\0';
    input.ragged = data[2] & 16 ? JOB_RAGGED_PAD : JOB_RAGGED_REJECT;
    input.strips_guards = data[2] & 32;
    input.skip_lines = data[2] & 64 ? 2 : 0;
    input.skip_footer = data[1] >> 5 & 3;
    if ((data[2] & 128) && input.skip_lines == 0) {
        input.header = names;
        input.header_count = 2;
    }
    fuzz_reader_run(&input, data, len);
    check_unused_escape(&input,
                        slice_make((const char *)data + FUZZ_READER_CHOICES, len - FUZZ_READER_CHOICES));
    return 0;
}
