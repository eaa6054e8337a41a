/* json_head: an input that is one JSON text, seen at its start: an array, an object that wraps an array of
 * records, objects printed over several lines, or all objects on one line. None of them is read as CSV or
 * NDJSON, which would find no record in it, or the first alone; the error has the jq line that helps.
 *
 * An object of one line is a record of NDJSON unless it wraps an array: at least two objects, and beside it
 * only what replies of APIs and exports usually have (`total`, `next`, `meta` and so on). A first line that
 * is damaged is none of these: it is rejected alone. Of NDJSON, several lines without a JSON object among
 * them (CSV, the words of an error) are an error too. Thread: one at a time.
 */
#ifndef KYC_INPUT_JSON_HEAD_H
#define KYC_INPUT_JSON_HEAD_H

#include "core/error.h"
#include "core/json_shape.h"
#include "input/lines.h"
#include "model/job.h"

enum json_head {
    JSON_HEAD_RECORDS,  /* one object a line */
    JSON_HEAD_ARRAY,    /* the records are the elements of an array, within an object or not */
    JSON_HEAD_SPREAD,   /* an object over several lines */
    JSON_HEAD_ONE_LINE, /* several objects on one line */
};

/* What an input of this shape is. min_count: elements that make a wrapper of an object on one line. rest:
 * what follows the text of the shape, as far as it was read. */
enum json_head json_head_of(const struct json_shape *shape, size_t min_count, struct slice rest);

/* The error for an input that is not JSON_HEAD_RECORDS. Returns -1. */
int json_head_fail(enum json_head head, const struct json_shape *shape, enum job_format format,
                   const char *name, struct error *error);

/* Looks at the first lines, and goes back to where it began, behind a byte order mark. 0, or -1 with
 * ERROR_INPUT. For CSV, NDJSON is an error too. */
int json_head_check(struct lines *lines, enum job_format format, size_t max_record, const char *name,
                    struct error *error);

#endif
