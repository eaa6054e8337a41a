/* reader_ops: what a format brings to be read.
 *
 * One constant per format; reader.c chooses by job_input.format. The functions are those of reader.h, on the
 * format's own state.
 */
#ifndef KYC_INPUT_READER_OPS_H
#define KYC_INPUT_READER_OPS_H

#include <stdint.h>

#include "input/reader.h"

struct reader_ops {
    void *(*open)(const struct job_input *input, uint32_t input_index, struct reader_feed feed);
    void (*close)(void *format);
    int (*header)(void *format, const char *name, struct reader_header *header, struct error *error);
    enum reader_result (*fill)(void *format, struct batch *batch);
    size_t (*unread)(const void *format);
};

#define READER_MARK SLICE_LITERAL("\xef\xbb\xbf")

#endif
