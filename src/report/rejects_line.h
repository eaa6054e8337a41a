/* rejects_line: one line of an NDJSON reject file: the source object with the added members at its end.
 *
 * Thread: one at a time. Owner: init/clear.
 */
#ifndef KYC_REPORT_REJECTS_LINE_H
#define KYC_REPORT_REJECTS_LINE_H

#include "core/buffer.h"
#include "core/json.h"
#include "core/slice.h"

struct rejects_line {
    struct json_reader *reader;
    struct json_writer writer;
    struct buffer source; /* scratch: the object with its padding */
    struct buffer text;   /* scratch */
};

void rejects_line_init(struct rejects_line *line);
void rejects_line_clear(struct rejects_line *line);

/* Begins a line in out: the bytes of the object without its members named kyc_*, not closed. raw: a JSON
 * object; its strings may have bytes that are not UTF-8. */
void rejects_line_begin(struct rejects_line *line, struct slice raw, struct buffer *out);
/* Adds a member; bytes that are not UTF-8 become `?`. */
void rejects_line_text(struct rejects_line *line, const char *key, struct slice text);
void rejects_line_number(struct rejects_line *line, const char *key, uint64_t number);
/* Ends the object and the line. */
void rejects_line_end(struct rejects_line *line);

#endif
