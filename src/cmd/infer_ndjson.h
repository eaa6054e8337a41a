/* infer_ndjson: reads the objects of an NDJSON sample as rows. The dotted path of a member is a column.
 *
 * Typed JSON is unwrapped (core/json_typed.h). The members of the objects in an array are the columns
 * `a[*].b`, whose cells hold the items of all elements, each at its place. Thread: one at a time.
 */
#ifndef KYC_CMD_INFER_NDJSON_H
#define KYC_CMD_INFER_NDJSON_H

#include "cmd/infer_sample.h"

/* Fills in columns and rows from whole lines. 0, or -1 with ERROR_INPUT when no line is an object. */
int infer_ndjson_read(struct infer_sample *sample, const char *path, struct slice bytes, uint64_t rows,
                      struct error *error);

#endif
