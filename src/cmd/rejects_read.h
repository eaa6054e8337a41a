/* rejects_read: the records of a reject file or a broken file, read as the job reads its input.
 *
 * Thread: the main one. Owner: open/close; borrows job.
 */
#ifndef KYC_CMD_REJECTS_READ_H
#define KYC_CMD_REJECTS_READ_H

#include "cmd/rejects_write.h"
#include "provider/provider.h"

struct rejects_file;

/* is_broken: of a broken file, whose lines are no rows. NULL with an error. */
struct rejects_file *rejects_file_open(struct job *job, const struct provider *provider, const char *path,
                                       bool is_broken, struct error *error);
void rejects_file_close(struct rejects_file *file);

/* The next record, valid until the next call; *added is filled in for a row. 1; 0 at the end; -1. */
int rejects_file_next(struct rejects_file *file, struct found_record *found, struct rejects_added *added,
                      struct error *error);

#endif
