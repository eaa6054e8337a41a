#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "core/clock.h"
#include "core/digest.h"
#include "core/failpoint.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/process.h"
#include "core/secret.h"
#include "ledger/sqlite/store_sqlite.h"

/* The kernel does not reveal what is behind FUSE, so sshfs and its like pass. */
static const struct {
    unsigned magic;
    const char *name;
} network_systems[] = {
    {NFS_SUPER_MAGIC, "NFS"},   {SMB_SUPER_MAGIC, "SMB"}, {CIFS_SUPER_MAGIC, "SMB"},
    {SMB2_SUPER_MAGIC, "SMB"},  {AFS_SUPER_MAGIC, "AFS"}, {AFS_FS_MAGIC, "AFS"},
    {CODA_SUPER_MAGIC, "Coda"}, {NCP_SUPER_MAGIC, "NCP"}, {CEPH_SUPER_MAGIC, "Ceph"},
    {V9FS_MAGIC, "9P"},         {0x0bd00bd0, "Lustre"},   {0x19830326, "BeeGFS"},
};

bool store_sqlite_path_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

char *store_sqlite_path_with(const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *joined = memory_new(size, 1);
    snprintf(joined, size, "%s%s", path, suffix);
    return joined;
}

char *store_sqlite_path_resolve(const char *location)
{
    struct stat info;
    char *real = lstat(location, &info) == 0 && S_ISLNK(info.st_mode) ? realpath(location, NULL) : NULL;
    if (real)
        return real;
    /* SQLite reads a name such as `:memory:` or `file:…` otherwise; a path that begins so is none of them */
    bool is_plain = location[0] == '/' || strncmp(location, "./", 2) == 0 || strncmp(location, "../", 3) == 0;
    return is_plain ? memory_copy(slice_from(location)) : store_sqlite_path_with("./", location);
}

int store_sqlite_exists(const struct ledger_place *place, struct error *error)
{
    (void)error;
    return store_sqlite_path_exists(place->location);
}

char *store_sqlite_beside(const char *location, const char *suffix)
{
    char *resolved = store_sqlite_path_resolve(location);
    char *beside = store_sqlite_path_with(resolved, suffix);
    free(resolved);
    return beside;
}

int store_sqlite_file_check_system(const char *path, struct error *error)
{
    char *folder = file_folder(path);
    struct statfs system;
    int result = 0;
    if (statfs(folder, &system)) {
        result = error_set(
            error, ERROR_LEDGER,
            "the ledger %s: its folder %s: %s\nhint: create the folder, or name another path in the job's ledger",
            path, folder, strerror(errno));
    } else {
        for (size_t i = 0; i < sizeof network_systems / sizeof *network_systems; i++) {
            if (network_systems[i].magic == (unsigned)system.f_type)
                result = error_set(
                    error, ERROR_LEDGER,
                    "the ledger %s is on a network file system (%s), where locks and fsync cannot be relied on\nhint: put it on a local disk",
                    path, network_systems[i].name);
        }
    }
    free(folder);
    return result;
}

int store_sqlite_file_check_names(const struct store_sqlite *store, struct error *error)
{
    struct stat info;
    if (stat(store->path, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink == 1)
        return 0;
    return error_set(
        error, ERROR_LEDGER,
        "the ledger %s has %lu names (hard links): each has a lock, log and key of its own, so that two runs could write it at once\nhint: remove the other names (find FOLDER -samefile %s lists them); for a second ledger, copy it together with its key",
        store->path, (unsigned long)info.st_nlink, store->path);
}

int store_sqlite_check_place(const struct ledger_place *place, struct error *error)
{
    const char *location = place->location;

    if (store_sqlite_file_check_system(location, error))
        return -1;
    char *folder = file_folder(location);
    int result = 0;
    if (access(folder, W_OK | X_OK))
        result = error_set(
            error, ERROR_LEDGER,
            "the ledger %s cannot be created: its folder %s: %s\nhint: check the folder's permissions",
            location, folder, strerror(errno));
    free(folder);
    return result;
}

enum { LOCK_TEXT_SIZE = 64 };

/* The lock file has `PID START` of the process that holds the lock: when it began. Returns START, and leaves
 * PID in text; NULL: it has something else. */
static const char *read_lock(int fd, char text[LOCK_TEXT_SIZE])
{
    ssize_t len = pread(fd, text, LOCK_TEXT_SIZE - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    char *start = strchr(text, ' ');
    if (start)
        *start++ = '\0';
    return start;
}

static int fail_busy(const struct store_sqlite *store, int fd, struct error *error)
{
    char text[LOCK_TEXT_SIZE];
    const char *start = read_lock(fd, text);
    if (!start)
        return error_set(error, ERROR_BUSY,
                         "the ledger %s is in use by another run\nhint: wait until it ends", store->path);
    return error_set(error, ERROR_BUSY,
                     "the ledger %s is in use by another run: process %s, since %s\nhint: wait until it ends",
                     store->path, text, start);
}

/* Whether a file has a flock can be found out only by taking one. So its holder has this lock, too, which
 * keeps nobody away, and which can be looked at. */
static int visible_lock(int fd, int command, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(fd, command, &lock) == 0 ? lock.l_type : -1;
}

static void describe_holder(int fd, struct ledger_holder *holder)
{
    char text[LOCK_TEXT_SIZE];
    const char *start = read_lock(fd, text);
    holder->state = LEDGER_HOLDER_FOUND;
    snprintf(holder->since, sizeof holder->since, "%s", start ? start : "");
    if (start)
        snprintf(holder->text, sizeof holder->text, "process %s, since %s", text, start);
    else
        snprintf(holder->text, sizeof holder->text, "its process is not known");
}

int store_sqlite_find_holder(struct store *base, struct ledger_holder *holder, struct error *error)
{
    const struct store_sqlite *store = store_sqlite_of(base);
    (void)error;
    *holder = (struct ledger_holder){.state = LEDGER_HOLDER_NONE};
    if (store->lock_fd >= 0)
        return 0;
    int fd = open(store->lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        holder->state = errno == ENOENT ? LEDGER_HOLDER_NONE : LEDGER_HOLDER_UNKNOWN;
        return 0;
    }
    int type = visible_lock(fd, F_OFD_GETLK, F_RDLCK);
    if (type < 0)
        holder->state = LEDGER_HOLDER_UNKNOWN;
    else if (type != F_UNLCK)
        describe_holder(fd, holder);
    close(fd);
    return 0;
}

int store_sqlite_file_lock(struct store_sqlite *store, struct error *error)
{
    int fd = open(store->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd >= 0 && !file_is_alone(fd)) {
        int reason = errno;
        close(fd);
        errno = reason;
        fd = -1;
    }
    if (fd < 0)
        return error_set(error, ERROR_LEDGER,
                         "the ledger's lock file %s: %s\nhint: check the folder and its permissions",
                         store->lock_path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK)
            fail_busy(store, fd, error);
        else
            error_set(error, ERROR_LEDGER,
                      "the ledger's lock file %s cannot be locked: %s\nhint: put the ledger on a local disk",
                      store->lock_path, strerror(errno));
        close(fd);
        return -1;
    }
    char start[CLOCK_RFC3339_SIZE], text[LOCK_TEXT_SIZE];
    int len =
        snprintf(text, sizeof text, "%ld %s\n", (long)getpid(), clock_rfc3339(process_start_ns(), start));
    /* This text serves messages only: the ledger itself reports a full disk. */
    if (ftruncate(fd, 0) == 0)
        (void)!pwrite(fd, text, (size_t)len, 0);
    (void)visible_lock(fd, F_OFD_SETLK, F_WRLCK); /* behind the text, which goes with it */
    store->lock_fd = fd;
    failpoint("ledger locked");
    return 0;
}

int store_sqlite_file_check_kinds(const struct store_sqlite *store, struct error *error)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        struct stat info;
        char *path = store_sqlite_path_with(store->path, suffixes[i]);
        const char *fault = stat(path, &info) == 0 ? file_kind_fault(info.st_mode) : NULL;
        if (fault)
            error_set(
                error, ERROR_LEDGER,
                "the ledger %s cannot be opened: %s: %s\nhint: remove it, or name another path in the job's ledger",
                store->path, path, fault);
        free(path);
        if (fault)
            return -1;
    }
    return 0;
}

/* An account that may change the key can make every customer look changed. One that may read it can only test
 * guesses of a customer's data, which is no reason to stop a run. */
static int check_key_mode(const struct store_sqlite *store, mode_t mode, struct error *error)
{
    if (mode & (S_IWGRP | S_IWOTH))
        return error_set(
            error, ERROR_LEDGER,
            "the ledger's digest key %s: other users may change it (mode %03o)\nhint: chmod 600 %s",
            store->key_path, (unsigned)(mode & 0777), store->key_path);
    if (mode & (S_IRGRP | S_IROTH))
        log_warning(
            "the ledger's digest key %s: other users may read it (mode %03o), and can then test guesses of the data behind the ledger's digests\nhint: chmod 600 %s",
            store->key_path, (unsigned)(mode & 0777), store->key_path);
    return 1;
}

int store_sqlite_file_read_key(const struct store_sqlite *store, uint8_t key[FINGERPRINT_KEY_LEN],
                               struct error *error)
{
    struct stat info;
    if (stat(store->key_path, &info)) {
        if (errno == ENOENT)
            return 0;
        return error_set(error, ERROR_LEDGER,
                         "the ledger's digest key %s: %s\nhint: check the folder and its permissions",
                         store->key_path, strerror(errno));
    }
    struct buffer text;
    buffer_init(&text, 4 * FINGERPRINT_KEY_LEN);
    int result = file_read_about(store->key_path, &text, &info, error);
    if (result) {
        struct error why = *error;
        error_set(
            error, ERROR_LEDGER,
            "the ledger's digest key %s\nhint: check the file and its permissions, or restore it from a backup",
            why.text);
    } else {
        struct slice line = buffer_slice(&text);
        if (line.len > 0 && line.data[line.len - 1] == '\n')
            line.len--;
        result = check_key_mode(store, info.st_mode, error);
        if (result == 1 && !digest_read_hex(line, key, FINGERPRINT_KEY_LEN))
            result = error_set(
                error, ERROR_LEDGER,
                "the ledger's digest key %s does not have its 64 hexadecimal digits\nhint: restore it from a backup",
                store->key_path);
    }
    if (text.data)
        secret_wipe(text.data, text.capacity);
    buffer_clear(&text);
    return result;
}

int store_sqlite_file_make_key(const struct store_sqlite *store, uint8_t key[FINGERPRINT_KEY_LEN],
                               struct error *error)
{
    digest_random(key, FINGERPRINT_KEY_LEN);
    char line[2 * FINGERPRINT_KEY_LEN + 1];
    digest_hex(key, FINGERPRINT_KEY_LEN, line);
    line[2 * FINGERPRINT_KEY_LEN] = '\n';
    struct file_draft draft = {.fd = -1};
    int result = 0;
    if (file_draft_open(&draft, store->key_path, 0600) ||
        file_draft_write(&draft, slice_make(line, sizeof line)) || file_draft_commit(&draft)) {
        result = error_set(
            error, ERROR_LEDGER,
            "the ledger's digest key %s cannot be written: %s\nhint: check the folder, its permissions and the space on its disk",
            store->key_path, strerror(errno));
        file_draft_drop(&draft);
    }
    secret_wipe(line, sizeof line);
    return result;
}

int store_sqlite_file_make(const struct store_sqlite *store, struct error *error)
{
    /* Only to set the mode: from here on SQLite alone opens the file, because closing any other descriptor of
     * it would drop SQLite's locks. */
    int fd = open(store->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s cannot be created: %s\nhint: check the folder, its permissions, the space on its disk and the limit on open files (ulimit -n)",
            store->path, strerror(errno));
    if (fd >= 0)
        close(fd);
    failpoint("ledger file made");
    return 0;
}
