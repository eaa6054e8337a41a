/* json: a small writer, and a reader that gives a whole text as a flat array of nodes.
 *
 * The reader is simdjson On-Demand behind one C++ file (json_read.cc). Every value is visited and checked;
 * numbers are kept as written; strings are given unescaped, as UTF-8. Thread: one at a time per object.
 */
#ifndef KYC_CORE_JSON_H
#define KYC_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"

/* Writing: commas and colons come by themselves; nesting is the caller's. */
struct json_writer {
    struct buffer *out; /* borrowed */
    bool comma;         /* the next value needs a comma before it */
};

void json_write_begin(struct json_writer *writer, struct buffer *out);
void json_write_object(struct json_writer *writer);
void json_write_object_end(struct json_writer *writer);
void json_write_array(struct json_writer *writer);
void json_write_array_end(struct json_writer *writer);
void json_write_key(struct json_writer *writer, const char *key);
/* Escapes what RFC 8259 asks for; the rest is copied, so text must be UTF-8. */
void json_write_string(struct json_writer *writer, struct slice text);
/* The same of any bytes: where they are not UTF-8, as utf8_append_escaped writes them. */
void json_write_any(struct json_writer *writer, struct slice bytes);
void json_write_text(struct json_writer *writer, const char *text);
void json_write_unsigned(struct json_writer *writer, uint64_t number);
void json_write_signed(struct json_writer *writer, int64_t number);
/* decimals: digits after the point. */
void json_write_decimal(struct json_writer *writer, double number, int decimals);
void json_write_bool(struct json_writer *writer, bool value);
void json_write_null(struct json_writer *writer);
/* A key and its value: a string, a number. */
void json_write_member(struct json_writer *writer, const char *key, struct slice text);
void json_write_member_unsigned(struct json_writer *writer, const char *key, uint64_t number);

/* Reading. */
enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_node {
    enum json_kind kind;
    uint32_t children; /* members of an object, elements of an array */
    uint32_t end;      /* index after the last node of this subtree; the first child is at this index + 1 */
    uint32_t offset;   /* bytes into the text that was read: of a member's opening quote, else of the value */
    struct slice key;  /* of an object's member, unescaped; else empty */
    struct slice text; /* a string unescaped; a number as written; `true`, `false`, `null`; of an array or
                          object empty */
};

struct json_fault {
    size_t offset;       /* bytes into the text */
    const char *message; /* constant text */
};

struct json_reader;

enum { JSON_DEPTH_MAX = 64 };

struct json_reader *json_reader_new(void);
void json_reader_free(struct json_reader *reader);
/* Overwrites the last text and its nodes, which are gone then. */
void json_reader_wipe(struct json_reader *reader);

/* Reads one JSON value and nothing behind it but blanks; a byte order mark before it is ignored (RFC
 * 8259, 8.1). Any top-level kind; nesting up to JSON_DEPTH_MAX; a member named twice is a fault. Gives
 * nodes[0] = the top and *count, valid until the next call; NULL when text is not JSON (or not UTF-8), with
 * *fault filled in. text is copied: it needs no padding. */
const struct json_node *json_reader_parse(struct json_reader *reader, struct slice text, size_t *count,
                                          struct json_fault *fault);

enum { JSON_PADDING = 64 };

/* The same for a line of an export, without a copy: JSON_PADDING bytes, whatever they are, can be read behind
 * text, and strings without escapes are slices of it. Within strings, each byte that is not UTF-8 and each
 * escape of half a surrogate pair is read as U+FFFD; *repaired then: the text of nodes is the reader's, and
 * their offsets are in it. A fault's offset is always one of text. At most 1 GiB. */
const struct json_node *json_reader_parse_lenient(struct json_reader *reader, struct slice text,
                                                  size_t *count, bool *repaired, struct json_fault *fault);

/* The member `key` of the object nodes[index]; 0 when nodes[index] is not an object or has no such member. */
size_t json_member(const struct json_node *nodes, size_t index, const char *key);

#endif
