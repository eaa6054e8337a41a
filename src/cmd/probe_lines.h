/* probe_lines: what a probe found, line by line: each says ok or what to do.
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
    PROBE_WARNING, /* it works, but should be looked at */
    PROBE_NOT_OK,
    PROBE_SKIPPED, /* not known, since something before it is not ok, or not to be known now */
};

struct probe_line {
    const char *name; /* constant */
    enum probe_state state;
    struct buffer text;
};

enum { PROBE_LINES_MAX = 16 };

struct probe_lines {
    struct probe_line list[PROBE_LINES_MAX];
    size_t count;
};

void probe_lines_add(struct probe_lines *lines, const char *name, enum probe_state state, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));
void probe_lines_clear(struct probe_lines *lines);

bool probe_lines_all_ok(const struct probe_lines *lines);

/* Every line; with only_faults those that are not ok or a warning. */
void probe_lines_write_table(const struct probe_lines *lines, bool only_faults, struct buffer *out);
/* One object: job, status, lines. */
void probe_lines_write_json(const struct probe_lines *lines, const char *job, int status, struct buffer *out);

#endif
