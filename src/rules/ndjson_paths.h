/* ndjson_paths: the columns of a job as paths into a JSON object, in one prefix tree. Inside of src/rules.
 *
 * `a.b` is member b of the object a, `a[0]` the first element of the array a; both can be combined. `a[*].b`
 * is member b of each element of a: a list with an item for every element, empty where the element has no b,
 * so that two such lists of one array are paired item by item. A path has `[*]` once: of lists in lists
 * nothing would say which item belongs to which. A top-level member whose whole name is the column
 * (`address.city` in a flat export) takes precedence over the path. Thread: constant once built. Owner:
 * new/free.
 */
#ifndef KYC_RULES_NDJSON_PATHS_H
#define KYC_RULES_NDJSON_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

enum { NDJSON_BUCKETS = 32, NDJSON_NO_CELL = -1 };
#define NDJSON_EVERY UINT32_MAX /* the index of `[*]` */

/* A node of the tree: one step of a path. Other steps are named by their index in ndjson_paths.steps. */
struct ndjson_step {
    struct slice key;                                 /* of a member; data NULL: an element */
    uint32_t index;                                   /* of an element */
    int cell;                                         /* of the column that ends here; NDJSON_NO_CELL: none */
    uint32_t members[NDJSON_BUCKETS], elements, next; /* linked lists; 0 ends one */
    uint32_t every;                                   /* the step `[*]` from here; 0: none */
    uint32_t child_count;
};

/* A column. */
struct ndjson_column {
    const char *name; /* borrowed */
    uint32_t every;   /* the step `[*]` on its path; 0: none */
    bool has_element; /* its path leads through an array */
};

struct ndjson_paths {
    struct ndjson_step *steps; /* [0] the object, [1] the object by whole column names */
    size_t step_count, step_capacity;
    struct ndjson_column *columns; /* by cell */
    size_t cell_count;
};

enum { NDJSON_TOP = 0, NDJSON_TOP_WHOLE = 1 };

struct ndjson_paths *ndjson_paths_new(void);
void ndjson_paths_free(struct ndjson_paths *paths);

/* Adds a column and returns its cell; a column that is already there keeps its cell. Borrows column. */
size_t ndjson_paths_add(struct ndjson_paths *paths, const char *column);

/* Why a column can be no path, so that it matches at most a top-level member of this whole name: constant
 * text. NULL: it is a path, or a plain name. */
const char *ndjson_paths_fault(const char *column);

/* True for a path with `[*]`. */
bool ndjson_paths_collects(const char *column);

static inline uint32_t ndjson_paths_bucket(struct slice key)
{
    if (key.len == 0)
        return 0;
    unsigned first = (unsigned char)key.data[0], last = (unsigned char)key.data[key.len - 1];
    return ((unsigned)key.len + first * 5 + last * 3) % NDJSON_BUCKETS;
}

/* The step to a member or an element; 0: no path leads there. */
static inline uint32_t ndjson_paths_member(const struct ndjson_paths *paths, uint32_t from, struct slice key)
{
    uint32_t index = paths->steps[from].members[ndjson_paths_bucket(key)];
    while (index && !slice_equal(paths->steps[index].key, key))
        index = paths->steps[index].next;
    return index;
}

static inline uint32_t ndjson_paths_element(const struct ndjson_paths *paths, uint32_t from, uint32_t index)
{
    uint32_t position = paths->steps[from].elements;
    while (position && paths->steps[position].index != index)
        position = paths->steps[position].next;
    return position;
}

#endif
