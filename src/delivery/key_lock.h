/* key_lock: one process at a time per credential on this machine, so that two jobs can neither mix nonces nor
 * exceed the provider's limit together.
 *
 * flock(2) on a file of the lock folder (delivery.lock_folder, else /run/lock, else /var/lock, else /tmp: of
 * these three the first that can be written), named kyc-import-KEYID.lock. The lock is gone with its process,
 * however it dies. The file is never unlinked (a lock on an unlinked file excludes no process); it holds the
 * pid and the start of its holder, for messages. Two machines must not share a credential: no lock can detect
 * that. Thread: any. Owner: open/close.
 */
#ifndef KYC_DELIVERY_KEY_LOCK_H
#define KYC_DELIVERY_KEY_LOCK_H

#include "core/error.h"
#include "model/job.h"

/* The folder used: the job's text, or a constant. NULL with ERROR_USAGE at the setting's place: the job's
 * folder does not exist, cannot be written, or lets every account remove the files of others. */
const char *key_lock_folder(const struct job *job, struct error *error);

/* Takes the lock and never waits for it. part: which credential it is, for messages (`api_key`). Gives a
 * descriptor for key_lock_close, or -1: with ERROR_BUSY when another run holds it (the message gives its pid
 * and start), with ERROR_USAGE when the file cannot be opened (another account's, one that others may
 * open, a symbolic link, a full disk). */
int key_lock_open(const char *folder, const char *key_id, const char *part, struct error *error);
/* -1 is allowed. */
void key_lock_close(int fd);

#endif
