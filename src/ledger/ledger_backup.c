#include "ledger/ledger_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/failpoint.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/secret.h"
#include "ledger/ledger_internal.h"
#include "ledger/ledger_transfer.h"

enum { KEY_MODE = 0600, BACKUP_MODE = 0600, KEY_LINE_SIZE = 2 * FINGERPRINT_KEY_LEN + 1 };

/* A backup under way. */
struct making {
    struct ledger *ledger;
    const char *path;
    char *absolute; /* of path */
    char *key_path; /* NULL: the ledger has no key file */
    struct ledger_backup *backup;
    struct ledger_verified *verified;
    struct file_draft draft;
};

static int fail_write(const char *path, struct error *error)
{
    return error_set(
        error, ERROR_LEDGER,
        "the backup %s cannot be written: %s\nhint: check the folder, its permissions and the space on its disk",
        path, strerror(errno));
}

static int fail_exists(const char *path, struct error *error)
{
    return error_set(
        error, ERROR_USAGE,
        "%s exists already, and a backup never replaces a file\nhint: name a new file, as in BACKUP.$(date +%%F), or remove this one first",
        path);
}

static void write_key_line(const struct ledger *ledger, char line[KEY_LINE_SIZE + 1])
{
    digest_hex(ledger->key, FINGERPRINT_KEY_LEN, line);
    memcpy(line + 2 * FINGERPRINT_KEY_LEN, "\n", 2);
}

/* 1: path is a file with this key; 0: there is nothing; -1 with ERROR_USAGE: something else. */
static int check_key_file(const struct ledger *ledger, const char *path, struct error *error)
{
    char line[KEY_LINE_SIZE + 1];
    struct buffer found;
    struct error ignored;

    if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    write_key_line(ledger, line);
    buffer_init(&found, KEY_LINE_SIZE);
    bool is_same = file_read(path, &found, &ignored) == 0 && slice_is(buffer_slice(&found), line);
    if (found.data)
        secret_wipe(found.data, found.capacity);
    buffer_clear(&found);
    secret_wipe(line, sizeof line);
    return is_same ? 1 : fail_exists(path, error);
}

/* Refuses what cannot become a backup, before anything is written. */
static int check_target(struct making *making, struct error *error)
{
    if (!making->absolute)
        return error_set(error, ERROR_USAGE,
                         "the backup %s cannot be written: its folder: %s\nhint: create the folder",
                         making->path, strerror(errno));
    if (faccessat(AT_FDCWD, making->path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return fail_exists(making->path, error);
    return making->key_path && check_key_file(making->ledger, making->key_path, error) < 0 ? -1 : 0;
}

static int transfer(struct store *from, const char *path, struct error *error)
{
    struct store *to = store_create_at(path, error);
    int result = to ? ledger_transfer(from, to, error) : -1;

    store_close(to);
    return result;
}

/* In one read transaction: the head, and the rows that it proves. */
static int copy_state(struct store *store, const char *path, struct ledger_chain *chain, struct error *error)
{
    struct error ignored;
    uint64_t newest_ns;

    if (store_begin_read(store, error) != 0)
        return -1;
    int result = store_last_event(store, chain, &newest_ns, error);
    if (result == 0)
        result = store_is_file(store) ? store_copy(store, path, error) : transfer(store, path, error);
    if (store_end_read(store, result == 0 ? error : &ignored) != 0)
        result = -1;
    return result;
}

/* So that no run sends from a file that was put in the ledger's place without a restore. */
static int mark_copy(const struct making *making, struct error *error)
{
    char at[CLOCK_RFC3339_SIZE];

    return ledger_copied_mark(making->draft.draft_path, slice_from(clock_rfc3339(making->backup->at_ns, at)),
                              error);
}

int ledger_copy(struct ledger *ledger, const char *path, struct error *error)
{
    struct ledger_chain chain;

    return copy_state(ledger->store, path, &chain, error);
}

int ledger_write_key(const struct ledger *ledger, const char *path)
{
    char line[KEY_LINE_SIZE + 1];

    write_key_line(ledger, line);
    int result = file_replace(path, KEY_MODE, slice_make(line, KEY_LINE_SIZE));
    secret_wipe(line, sizeof line);
    return result;
}

int ledger_note_backup(struct ledger *ledger, const struct ledger_backup *backup, struct error *error)
{
    return store_note_backup(ledger->store, backup, error);
}

static void keep_first(void *context, const struct ledger_finding *finding)
{
    struct buffer *first = context;

    if (first->len == 0)
        buffer_append(first, finding->text);
}

/* Proves the copy, from its file. */
static int verify_copy(struct making *making, struct error *error)
{
    struct ledger *copy = ledger_open_copy(making->ledger, making->draft.draft_path, error);
    char head[LEDGER_HEAD_SIZE];
    struct buffer first;

    if (!copy)
        return -1;
    buffer_init(&first, ERROR_TEXT_MAX / 2);
    ledger_chain_head(copy, head);
    int result = ledger_verify(copy, "", keep_first, &first, making->verified, error);
    if (result == 0 && making->verified->findings == 0 && strcmp(head, making->backup->head) != 0)
        keep_first(&first, &(struct ledger_finding){.text = SLICE_LITERAL("its last events are missing")});
    if (result == 0 && first.len > 0)
        result = error_set(
            error, ERROR_LEDGER,
            "the copy of the ledger %s does not verify, so no backup was made: %.*s\nhint: kyc-import status JOB --verify lists what is wrong with the ledger",
            store_location(making->ledger->store), (int)first.len, first.len > 0 ? first.data : "");
    buffer_clear(&first);
    ledger_close(copy);
    return result;
}

static int commit_key(const struct making *making, struct error *error)
{
    struct file_draft draft = {.fd = -1};
    char line[KEY_LINE_SIZE + 1];
    int there = check_key_file(making->ledger, making->key_path, error);

    if (there != 0)
        return there < 0 ? -1 : 0;
    write_key_line(making->ledger, line);
    bool is_written = file_draft_open(&draft, making->key_path, KEY_MODE) == 0 &&
                      file_draft_write(&draft, slice_make(line, KEY_LINE_SIZE)) == 0;
    secret_wipe(line, sizeof line);
    if (is_written && file_draft_commit_new(&draft) == 0)
        return 0;
    int result = errno == EEXIST ? fail_exists(making->key_path, error) : fail_write(making->key_path, error);
    file_draft_drop(&draft);
    return result;
}

/* Gives both files their names: the key first, because a backup without its key is none. A key without its
 * backup is taken over by the next try. */
static int commit_files(struct making *making, struct error *error)
{
    bool had_key = making->key_path && access(making->key_path, F_OK) == 0;

    if (store_note_backup(making->ledger->store, making->backup, error) != 0)
        return -1;
    failpoint("backup noted");
    if (making->key_path && commit_key(making, error) != 0)
        return -1;
    failpoint("backup key written");
    if (file_draft_commit_new(&making->draft) == 0)
        return 0;
    int reason = errno;
    if (making->key_path && !had_key)
        unlink(making->key_path);
    errno = reason;
    return reason == EEXIST ? fail_exists(making->path, error) : fail_write(making->path, error);
}

static int make(struct making *making, struct error *error)
{
    struct ledger_chain chain;

    if (check_target(making, error) != 0)
        return -1;
    if (file_draft_open(&making->draft, making->path, BACKUP_MODE) != 0)
        return fail_write(making->path, error);
    making->backup->at_ns = clock_real_ns();
    if (copy_state(making->ledger->store, making->draft.draft_path, &chain, error) != 0)
        return -1;
    digest_hex(chain.head, DIGEST_SHA256_LEN, making->backup->head);
    if (mark_copy(making, error) != 0 || verify_copy(making, error) != 0)
        return -1;
    failpoint("backup verified");
    return commit_files(making, error);
}

int ledger_backup_make(struct ledger *ledger, const char *path, bool has_key_file,
                       struct ledger_backup *backup, struct ledger_verified *verified, struct error *error)
{
    struct making making = {
        .ledger = ledger, .path = path, .backup = backup, .verified = verified, .draft = {.fd = -1}};
    size_t key_size = strlen(path) + sizeof ".key";

    making.absolute = file_absolute(path);
    backup->path = making.absolute;
    if (has_key_file) {
        making.key_path = memory_new(key_size, 1);
        snprintf(making.key_path, key_size, "%s.key", path);
    }
    int result = make(&making, error);
    file_draft_drop(&making.draft);
    backup->path = path;
    free(making.absolute);
    free(making.key_path);
    return result;
}

int ledger_each_backup(struct ledger *ledger, void (*each)(void *context, const struct ledger_backup *backup),
                       void *context, struct error *error)
{
    return store_each_backup(ledger->store, each, context, error);
}
