/* json_shape: what a text that begins as JSON holds, seen from its first bytes.
 *
 * Exports of records are often one JSON text: an array, or an object that wraps an array of records
 * (`{"users":[…],"total":2}`), on one line or on many. The scanner checks brackets, names and separators, so
 * that a damaged line is not taken for a text that goes on behind it; scalars are passed over. Thread: any.
 * Owner: names are slices of the text.
 */
#ifndef KYC_CORE_JSON_SHAPE_H
#define KYC_CORE_JSON_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"

enum { JSON_SHAPE_PATH_MAX = 4, JSON_SHAPE_DEPTH_MAX = 64, JSON_SHAPE_COMMAND_SIZE = 128 };

struct json_shape {
    bool is_array;        /* at the top; else an object */
    bool is_whole;        /* the text holds all of it */
    bool has_line_breaks; /* within it, outside of strings */
    size_t end;           /* bytes up to behind it */

    /* The array of objects with the most elements on a path of names; at the top its path is empty. */
    struct slice path[JSON_SHAPE_PATH_MAX];
    size_t path_len;
    size_t count;        /* elements; 0: there is no such array */
    bool count_is_whole; /* all were seen */

    /* What else an object holds: a customer has members of its own beside an array, a wrapper has none. */
    size_t own_count; /* top-level members beside that path, without the usual ones of a reply or an export */
    bool mail_outside; /* a text with `@` outside of all arrays */
    bool mail_inside;
};

/* False: text does not begin with a JSON array or object, or breaks the grammar before it ends. Blanks and a
 * byte order mark before it are passed over. */
bool json_shape_read(struct slice text, struct json_shape *shape);

/* True for an object that can only be a wrapper: an array of objects, and no member of its own beside it, nor
 * an e-mail address in the usual ones (`meta`). */
bool json_shape_wraps(const struct json_shape *shape);

/* Writes the command that gives one element a line, such as `jq -c '.users[]' FILE`, and returns it. A name
 * that would need quotes in a shell is written as NAME. */
const char *json_shape_command(const struct json_shape *shape, char command[JSON_SHAPE_COMMAND_SIZE]);

#endif
