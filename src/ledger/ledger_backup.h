/* ledger_backup: a copy of a ledger that is made while the ledger is in use.
 *
 * The copy is one file (a SQLite database without a log) and, unless the job gives the key, the digest key
 * beside it: FILE and FILE.key, both 0600. Nothing else belongs to a ledger. It has the state of one moment,
 * however long the copying takes. It is written aside, synced, and verified as `status --verify` does, before
 * it is renamed to its name: a process that is killed leaves no half backup. It is marked as a copy
 * (ledger_copied): no run sends from it until it was restored.
 *
 * The ledger remembers its backups (table backup, outside the proof): an erasure names those that may still
 * have the customer. A backup is noted before it gets its name, so none that exists is unknown. Thread: the
 * ledger's.
 */
#ifndef KYC_LEDGER_LEDGER_BACKUP_H
#define KYC_LEDGER_LEDGER_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "ledger/ledger_verify.h"

struct ledger_backup {
    uint64_t at_ns;   /* real ns of the state that it has */
    const char *path; /* absolute, when it was made */
    char head[LEDGER_HEAD_SIZE];
};

/* has_key_file: the ledger's key is in a file, which is copied too. path must not exist (ERROR_USAGE); nor
 * path.key, unless it is this key. *verified: of the copy. 0 when the backup is durable; -1 with ERROR_LEDGER
 * (disk full, the copy does not verify), and nothing is left behind. */
int ledger_backup_make(struct ledger *ledger, const char *path, bool has_key_file,
                       struct ledger_backup *backup, struct ledger_verified *verified, struct error *error);

/* Copies the ledger into the empty file at path (0600), unsynced: a ledger in SQLite without a log, wherever
 * this one is. 0, or -1. */
int ledger_copy(struct ledger *ledger, const char *path, struct error *error);
/* Writes the ledger's key into a file, 0600, that it replaces. 0, or -1 with errno. */
int ledger_write_key(const struct ledger *ledger, const char *path);

/* The known backups, oldest first; each is valid during the call. 0, or -1. */
int ledger_each_backup(struct ledger *ledger, void (*each)(void *context, const struct ledger_backup *backup),
                       void *context, struct error *error);

/* Stores that there is one. Not between begin and commit. 0, or -1. */
int ledger_note_backup(struct ledger *ledger, const struct ledger_backup *backup, struct error *error);

/* What a restored ledger gets of the one that it replaces. */
struct ledger_taken {
    uint64_t erased;     /* customers of the backup that were erased since, and are erased again */
    uint64_t not_erased; /* those of them that are in doubt or named by others in the backup */
};
/* Erased keys, nonce floors and known backups: all that must not be forgotten with the rows. Both have the
 * same key. Not between begin and commit: *to has a run, and is committed. 0, or -1. */
int ledger_take_over(struct ledger *to, struct ledger *from, struct ledger_taken *taken, struct error *error);

#endif
