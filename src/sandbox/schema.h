/* schema: the members, kinds and formats of a request's JSON; anything else is refused.
 *
 * A schema is a constant table. schema_check walks it and a parsed body side by side and writes each fault as
 * {"code","field","message"}. Thread: any.
 */
#ifndef KYC_SANDBOX_SCHEMA_H
#define KYC_SANDBOX_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/json.h"
#include "core/slice.h"

enum schema_flag {
    SCHEMA_REQUIRED = 1,  /* of a create; inside an object always */
    SCHEMA_NULLABLE = 2,  /* may be null in a create */
    SCHEMA_CLEARABLE = 4, /* may be null in an update */
    SCHEMA_FIXED = 8,     /* not in an update */
};

struct schema {
    const char *name;    /* of the member; NULL ends a table */
    enum json_kind kind; /* JSON_STRING, JSON_OBJECT, JSON_ARRAY, JSON_BOOL, JSON_NUMBER (an integer) */
    unsigned flags;      /* of enum schema_flag */
    bool (*is_valid)(struct slice text); /* of a string or number; NULL: any */
    const char *const *words;            /* of a string: the allowed values, NULL-terminated; NULL: any */
    size_t max_chars;                    /* of a string; 0: no limit */
    const struct schema *inner;          /* of an object: its members. Of an array: its one element; required
                                           means that it may not be empty. NULL: an object of any
                                           members, all of them strings that is_valid allows */
};

/* A row for a string of a format. */
#define SCHEMA_TEXT(NAME, FLAGS, IS_VALID)                                                                   \
    {                                                                                                        \
        .name = (NAME), .kind = JSON_STRING, .flags = (FLAGS), .is_valid = (IS_VALID)                        \
    }
/* A row for a string of a list. */
#define SCHEMA_WORD(NAME, FLAGS, WORDS)                                                                      \
    {                                                                                                        \
        .name = (NAME), .kind = JSON_STRING, .flags = (FLAGS), .words = (WORDS)                              \
    }

struct schema_faults {
    struct json_writer *writer; /* of an open array */
    const char *field_key;      /* of the path of a fault; NULL: `field` */
    bool update; /* the body is an update: only SCHEMA_CLEARABLE and SCHEMA_FIXED count at the top level */
    unsigned count;
    bool malformed; /* a member is missing, unknown or of the wrong kind: not only a wrong value */
};

/* Checks nodes[index] against an object's members. */
void schema_check(const struct schema *members, const struct json_node *nodes, size_t index,
                  struct schema_faults *faults);

/* Adds a fault of the caller's own. field: its dotted path, or "". */
void schema_add_fault(struct schema_faults *faults, const char *code, const char *field, const char *message);

#endif
