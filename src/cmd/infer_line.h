/* infer_line: one line of `fields`: a mapping, and what is known of it behind it. For infer_fields.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_LINE_H
#define KYC_CMD_INFER_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/infer_match.h"
#include "cmd/infer_sample.h"
#include "core/buffer.h"
#include "provider/provider.h"

/* Of a line of comment, in bytes. */
enum { INFER_LINE_WIDTH = 110 };

struct infer_writer {
    struct infer_sample *sample;
    const struct provider *provider;
    struct infer_matches matches;
    struct buffer *out;
    size_t todos;
};

/* Required of every customer, or of all individuals; external_id always. */
bool infer_line_is_required(const struct infer_writer *writer, enum field_id field);

/* Appends the column's name; for a field of one value, the first item of an array. */
void infer_line_column(const struct infer_writer *writer, enum field_id field, size_t column);

/* Appends `phone: mobile`, or `nationalities: {column: nats, split: "|"}`. */
void infer_line_mapping(const struct infer_writer *writer, enum field_id field, size_t column);

/* Begins a remark behind a line, in one place of the line where there is space. */
void infer_line_remark(struct buffer *out);

/* Ends a line with how certain its match is. */
void infer_line_confidence(struct infer_writer *writer, enum field_id field);

/* Appends a line with the columns that fit too, and how to take the values that only they have. */
void infer_line_rivals(const struct infer_writer *writer, enum field_id field);

/* Appends `# TODO FIELD: WHAT`, and counts it. */
void infer_line_todo(struct infer_writer *writer, enum field_id field, const char *what);

#endif
