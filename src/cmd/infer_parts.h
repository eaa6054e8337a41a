/* infer_parts: fields whose value is in several columns: street and house number; year, month and day. For
 * infer_fields.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_PARTS_H
#define KYC_CMD_INFER_PARTS_H

#include <stdbool.h>

#include "cmd/infer_line.h"

/* Appends the line of a field that is made of several columns by their names and values. False: it is not,
 * and nothing is appended. */
bool infer_parts_write(const struct infer_writer *writer, enum field_id field);

#endif
