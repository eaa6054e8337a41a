/* rejects_write: one rejected row as text for people: its place, its verdicts, and the values that they are
 * about. Thread: one at a time.
 */
#ifndef KYC_CMD_REJECTS_WRITE_H
#define KYC_CMD_REJECTS_WRITE_H

#include <stdbool.h>

#include "cmd/explain_write.h"

/* What a reject file adds to a row, in UTF-8; empty when it is missing. */
struct rejects_added {
    struct slice input, row, line;
    struct slice verdicts; /* `phone/format;email/required` */
    struct slice messages; /* of each, with ` | ` between them */
};

/* found: the row as the job reads it, its cells without those that the reject file added. */
void rejects_write_row(const struct explain_settings *settings, const struct found_record *found,
                       const struct rejects_added *added);
/* A record that cannot be put into columns. name: of the file whose lines are counted. */
void rejects_write_broken(const struct explain_settings *settings, const struct record *record,
                          struct arena *arena, const char *name);

#endif
