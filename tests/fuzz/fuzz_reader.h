/* fuzz_reader: shared by the fuzzers of the readers: any bytes as an export, read whole and in pieces.
 *
 * A reader's records must not depend on the length of the blocks it reads. The first bytes of the data choose
 * the block length, the end and the job's settings; the rest is the export.
 */
#ifndef KYC_TESTS_FUZZ_READER_H
#define KYC_TESTS_FUZZ_READER_H

#include <assert.h>
#include <stdint.h>

#include "unit/input/reading.h"

enum { FUZZ_READER_CHOICES = 3 };

static inline void fuzz_reader_check_record(const struct record *record, size_t column_count, uint64_t row,
                                            uint64_t *line)
{
    assert(record->row == row);
    assert(record->line > *line);
    *line = record->line;
    if (record->fault) {
        assert(!record->cells);
        return;
    }
    assert(record->cell_count == column_count);
    for (size_t i = 0; i < record->cell_count; i++)
        assert(record->cells[i].len == 0 || record->cells[i].data);
}

/* Rows count up by one, lines rise, every record has a cell per column or a fault. */
static inline void fuzz_reader_check(const struct job_input *input, struct slice text, int end)
{
    struct reading_feed feed = {.rest = text, .block_len = text.len ? text.len : 1, .end = end};
    struct reader *reader = reader_new(input, 7, (struct reader_feed){reading_next, &feed});
    struct batch *batch = batch_new();
    struct reader_header header;
    struct error error = {0};
    uint64_t row = 0, line = 0;
    enum reader_result result = READER_MORE;

    if (reader_header(reader, "in", &header, &error) != 0)
        result = READER_END;
    while (result == READER_MORE) {
        batch_reset(batch);
        result = reader_fill(reader, batch);
        assert(result != READER_MORE || batch->count > 0);
        assert(result != READER_CUT || end != 0);
        assert(batch->count <= BATCH_RECORDS_MAX);
        for (size_t i = 0; i < batch->count; i++) {
            assert(batch->records[i].input == 7);
            fuzz_reader_check_record(&batch->records[i], header.column_count, ++row, &line);
        }
    }
    batch_free(batch);
    reader_free(reader);
    free(feed.block);
}

static inline int fuzz_reader_run(struct job_input *input, const uint8_t *data, size_t len)
{
    static const size_t limits[] = {16, 64, 1000, 1 << 20};
    static const char *const names[] = {"utf-8", "latin1", "windows-1252", "shift_jis"};
    static struct encoding encodings[4];
    static struct arena kept;
    struct buffer whole, pieces;

    for (size_t i = 0; i < 4 && !encodings[3].name; i++) {
        if (i == 0)
            arena_init(&kept, 4096);
        enum encoding_found found = encoding_find(names[i], &kept, &encodings[i]);
        assert(found == ENCODING_FOUND);
    }

    if (len < FUZZ_READER_CHOICES)
        return 0;
    struct slice text = slice_make((const char *)data + FUZZ_READER_CHOICES, len - FUZZ_READER_CHOICES);
    int end = data[1] & 1 ? -1 : 0;
    input->max_record = limits[data[1] >> 1 & 3];
    input->encoding = encodings[data[1] >> 3 & 3];
    reading_run(input, text, text.len ? text.len : 1, end, &whole);
    reading_run(input, text, 1 + data[0], end, &pieces);
    assert(slice_equal(buffer_slice(&whole), buffer_slice(&pieces)));
    buffer_clear(&whole);
    buffer_clear(&pieces);
    fuzz_reader_check(input, text, end);
    return 0;
}

#endif
