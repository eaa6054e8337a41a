/* probe_lines: the lines of a probe. Each has a name, a state and a text, which may have a hint
 * (core/error.h).
 *
 * Thread: the main one. Owner: probe_lines_clear.
 */
#ifndef KYC_CMD_PROBE_LINES_H
#define KYC_CMD_PROBE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buffer.h"

enum probe_state {
    PROBE_OK,
    PROBE_WARNING, /* works, but needs a look */
    PROBE_NOT_OK,
    PROBE_SKIPPED, /* unknown: an earlier line is not ok, or it cannot be checked now */
};

struct probe_line {
    const char *name; /* constant */
    enum probe_state state;
    struct buffer text;
};

enum { PROBE_LINES_MAX = 24 };

struct probe_lines {
    struct probe_line list[PROBE_LINES_MAX];
    size_t count;
};

void probe_lines_add(struct probe_lines *lines, const char *name, enum probe_state state, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));
void probe_lines_clear(struct probe_lines *lines);

bool probe_lines_all_ok(const struct probe_lines *lines);

/* Appends every line; with only_faults those that are not ok or a warning. */
void probe_lines_write_table(const struct probe_lines *lines, bool only_faults, struct buffer *out);
/* Appends one object: job, status, lines. A hint is a member of its line. */
void probe_lines_write_json(const struct probe_lines *lines, const char *job, int status, struct buffer *out);

#endif
