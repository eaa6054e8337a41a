/* Any bytes as a CSV export. */
#include "fuzz/fuzz_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char delimiters[] = {',', ';', '\t', '|'};
    struct job_input input = {.format = JOB_FORMAT_CSV, .delimiter = ',', .quote = '"'};

    if (len >= FUZZ_READER_CHOICES) {
        input.delimiter = delimiters[data[2] & 3];
        input.quote = data[2] & 4 ? '\'' : '"';
    }
    return fuzz_reader_run(&input, data, len);
}
