/* json_split: the elements of one array of a JSON text that comes bit by bit, one at a time.
 *
 * The text is an object with the array as a member of its own (`{"users":[…], …}`), or the array itself; a
 * byte order mark before it is ignored. The splitter knows strings, escapes and nesting, and checks only what
 * finding the elements needs: each element is for the caller to parse, which checks the rest. The text
 * around the array is kept, for its statements about the list. Memory: one element, and
 * JSON_SPLIT_AROUND_MAX. Thread: one at a time. Owner: init/clear.
 */
#ifndef KYC_CORE_JSON_SPLIT_H
#define KYC_CORE_JSON_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"

enum { JSON_SPLIT_NAME_MAX = 32, JSON_SPLIT_DEPTH_MAX = 64, JSON_SPLIT_AROUND_MAX = 64 * 1024 };

struct json_split {
    const char *member; /* constant */
    bool (*each)(void *context, struct slice element);
    void *context;
    struct buffer element; /* so far */
    struct buffer name;    /* of the member at hand, as written */
    struct buffer around;  /* the text without what is in the array */
    uint64_t is_object;    /* bit d: the bracket open at depth d is an object's */
    unsigned depth;        /* open objects and arrays */
    unsigned array_depth;  /* of the array that is looked for, while it is open; else 0 */
    unsigned mark_len;     /* bytes of a byte order mark that were read before all else */
    bool has_begun;        /* behind it */
    bool in_string, escaped;
    bool wants_name; /* in the top object, before a colon */
    bool is_naming;  /* inside of a member's name there */
    bool after_comma;
    bool found, ended, failed;
};

/* each: an element without blanks around it; false stops everything. element_max: bytes of one. member: a
 * constant, shorter than JSON_SPLIT_NAME_MAX. */
void json_split_init(struct json_split *split, const char *member, size_t element_max,
                     bool (*each)(void *context, struct slice element), void *context);
void json_split_clear(struct json_split *split);
/* From the beginning again. */
void json_split_reset(struct json_split *split);

/* The next bytes. False, and from then on: the text is of another form, an element is too large, or each
 * returned false. */
bool json_split_add(struct json_split *split, struct slice bytes);

/* True when a whole text was seen, and the array was in it. */
bool json_split_is_complete(const struct json_split *split);

/* Once it is complete: the text with an empty array in the place of the one that was looked for. False: it is
 * larger than JSON_SPLIT_AROUND_MAX. */
bool json_split_around(const struct json_split *split, struct slice *text);

#endif
