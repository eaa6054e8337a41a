/* key_lock: one process at a time per credential on this machine, so that two jobs can neither mix nonces nor
 * exceed the provider's limit together; or several processes that share one account (delivery.shared), and
 * keep its limit together.
 *
 * flock(2) on a file of the lock folder (delivery.lock_folder, else /run/lock, else /var/lock, else /tmp: of
 * these three the first that can be written), named kyc-import-KEYID.lock. The lock is gone with its process,
 * however it dies. The file is never unlinked (a lock on an unlinked file excludes no process); it holds the
 * pid and the start of its holder, for messages, or the account that its holders share. Two machines must not
 * share a credential, but by delivery.shared: no lock can detect that. Thread: any. Owner: open/close.
 */
#ifndef KYC_DELIVERY_KEY_LOCK_H
#define KYC_DELIVERY_KEY_LOCK_H

#include <stdbool.h>

#include "core/error.h"
#include "model/job.h"

/* The folder used: the job's text, or a constant. NULL with ERROR_USAGE at the setting's place: the job's
 * folder does not exist, cannot be written, or lets every account remove the files of others. */
const char *key_lock_folder(const struct job *job, struct error *error);

/* Takes the lock, and does not wait until a run that holds it ends; with an account it tries for a second,
 * since others that join change the file. part: which credential it is, for messages (`api_key`). account:
 * where jobs share the account, its name and where the shares are kept; processes that give the same text
 * have the lock together. NULL: this one alone. Gives a descriptor for key_lock_close, or -1: with ERROR_BUSY
 * when another run holds it (the message gives its pid and start, or its account), with ERROR_USAGE when the
 * file cannot be opened (another account's, one that others may open, a symbolic link, a full disk). */
int key_lock_open(const char *folder, const char *key_id, const char *part, const char *account,
                  struct error *error);
/* True for a regular file with one name that others may not open, because who can open it could hold the
 * lock. We create it for its owner alone; a volume of a pod gives a group to it (fsGroup). False with errno.
 */
bool key_lock_file_is_private(int fd);
/* -1 is allowed. */
void key_lock_close(int fd);

#endif
