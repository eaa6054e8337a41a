/* share_file: the shares of an account (delivery.shared) on one machine, in a file of the lock folder.
 *
 * The file, kyc-import-shared-NAME, is a share_table with the id of this boot and a digest; each call takes
 * the file's lock for as long as it needs to read, change and write it, and opens it anew, so that all
 * processes agree on one even if it is removed. One that is missing, torn or of another boot (whose requests
 * may be younger than a window) counts as new: it may lack jobs that run, so nobody gets more than it uses
 * until their leases have ended. It is not synced: it is worth nothing after a crash of the machine. Times:
 * clock_boot_ns. Thread: one. Owner: open/close.
 */
#ifndef KYC_DELIVERY_SHARE_FILE_H
#define KYC_DELIVERY_SHARE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "model/job.h"
#include "model/rate_share.h"

struct share_file;

/* Borrows job; holder, limit: as of share_table.h, borrowed. Touches no file yet. NULL with ERROR_USAGE: a
 * lock folder that cannot be used (key_lock_folder), too long a path, or a machine without a boot id
 * (clock_boot_id).
 */
struct share_file *share_file_open(const struct job *job, const char *holder,
                                   const struct rate_share_limit *limit, struct error *error);
void share_file_close(struct share_file *file);

/* As share_table_renew, _keys and _leave. -1 with ERROR_USAGE when the file cannot be used, or with
 * ERROR_BUSY when another process has kept its lock for a second, or the table is full (share_table_has):
 * then it is unchanged. share_file_renew gives 1 when running jobs have another window, *window_ns, and
 * else 0. */
int share_file_renew(struct share_file *file, const struct rate_share_report *report,
                     struct rate_share_answer *answer, uint64_t *window_ns, struct error *error);
int share_file_keys(struct share_file *file, const char *const *keys, size_t key_count,
                    const struct key_share_report *held, size_t held_count, struct key_share_answer *answers,
                    size_t *answer_count, struct error *error);
int share_file_leave(struct share_file *file, const struct key_share_report *held, size_t held_count,
                     struct error *error);

#endif
