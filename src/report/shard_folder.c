#include "report/shard_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "report/report_file.h"
#include "report/shard_file.h"

enum { SHARD_FOLDER_TRIES = 100, SHARD_FOLDER_REMOVE_TRIES = 3, SHARD_FOLDER_PATH_MAX = 1 << 16 };

/* Behind the folder's path: the draft, or the old one on its way out. */
static const char shard_folder_suffix[] = ".new-";
/* In a draft: its owner holds the lock of it. */
static const char shard_folder_lock_name[] = ".lock";

char *shard_folder_path(const char *report_folder, uint32_t shard, uint32_t of)
{
    struct buffer path;

    buffer_init(&path, SHARD_FOLDER_PATH_MAX);
    buffer_printf(&path, "%s/" SHARD_FOLDER_PREFIX "%" PRIu32 "-of-%" PRIu32, report_folder, shard, of);
    return path.data;
}

/* Removes the files of a folder, the one with the lock last: without it another process would remove the
 * rest, too. */
static void shard_folder_empty(DIR *list)
{
    struct dirent *entry;

    rewinddir(list);
    while ((entry = readdir(list)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            strcmp(entry->d_name, shard_folder_lock_name) != 0)
            unlinkat(dirfd(list), entry->d_name, 0);
    unlinkat(dirfd(list), shard_folder_lock_name, 0);
}

/* Removes a folder of files; what is not there any more is no failure. tries: of a folder of this process,
 * SHARD_FOLDER_REMOVE_TRIES, because a process that looks for drafts may make the file with the lock in
 * between; of another, 1, because the one that has just made it may lock it in between. 0, or -1 with errno.
 */
static int shard_folder_remove(const char *path, int tries)
{
    DIR *list = opendir(path);
    int result = -1;

    if (!list)
        return errno == ENOENT ? 0 : -1;
    for (int i = 0; i < tries && result != 0; i++) {
        shard_folder_empty(list);
        result = rmdir(path) == 0 || errno == ENOENT ? 0 : -1;
    }
    int reason = errno;
    closedir(list);
    errno = reason;
    return result;
}

/* Opens the file with the lock, which may be missing, and locks it unless another process has. *is_locked: by
 * this one. Returns the descriptor, or -1 with errno. */
static int shard_folder_lock(int folder_fd, bool *is_locked)
{
    int fd = openat(folder_fd, shard_folder_lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    *is_locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    return fd;
}

/* Removes a draft whose process is gone. */
static void shard_folder_sweep_one(const char *draft)
{
    int fd = open(draft, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), lock_fd = -1;
    bool is_locked = false;

    if (fd >= 0)
        lock_fd = shard_folder_lock(fd, &is_locked);
    bool is_left = is_locked && shard_folder_remove(draft, 1) != 0;
    if (lock_fd >= 0)
        close(lock_fd);
    if (fd >= 0)
        close(fd);
    if (is_left)
        rmdir(draft); /* on NFS a removed file has a name until it is closed */
}

/* Removes the drafts of processes that are gone. */
static void shard_folder_sweep(const char *path)
{
    char *parent = file_folder(path);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    DIR *list = opendir(parent);
    struct dirent *entry;

    while (list && (entry = readdir(list))) {
        size_t len = strlen(name);
        if (strncmp(entry->d_name, name, len) != 0 ||
            strncmp(entry->d_name + len, shard_folder_suffix, strlen(shard_folder_suffix)) != 0)
            continue;
        char *draft = file_join(parent, entry->d_name);
        shard_folder_sweep_one(draft);
        free(draft);
    }
    if (list)
        closedir(list);
    free(parent);
}

static bool shard_folder_has_others(const char *path)
{
    char *file = file_join(path, SHARD_FILE_NAME);
    DIR *list = access(file, F_OK) == 0 ? NULL : opendir(path);
    struct dirent *entry;
    bool has_files = false;

    while (list && (entry = readdir(list)))
        has_files = has_files || (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0);
    if (list)
        closedir(list);
    free(file);
    return has_files;
}

static bool shard_folder_is_mount_point(const char *path)
{
    struct statx about;

    return statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_TYPE, &about) == 0 &&
           about.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* Only a folder of a shard, or an empty one, is replaced; before the check, because it may be a long one. 0,
 * or -1. */
static int shard_folder_check_old(const char *path, struct error *error)
{
    struct stat about;

    if (lstat(path, &about) != 0)
        return 0;
    if (!S_ISDIR(about.st_mode))
        return error_set(
            error, ERROR_USAGE,
            "%s is not a folder, and a shard replaces its folder\nhint: give it a folder of its own: --report DIR",
            path);
    if (shard_folder_is_mount_point(path))
        return error_set(
            error, ERROR_USAGE,
            "%s is a mount point, which cannot be replaced, and a shard replaces its folder\nhint: give it a folder in it: --report %s/DIR",
            path, path);
    return shard_folder_has_others(path)
               ? error_set(
                     error, ERROR_USAGE,
                     "%s has other files, and a shard replaces its folder\nhint: give it a folder of its own: --report DIR",
                     path)
               : 0;
}

static void shard_folder_release(struct shard_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    if (folder->lock_fd >= 0)
        close(folder->lock_fd);
    folder->fd = folder->lock_fd = -1;
}

/* False: another process has found the draft before it was locked, and sweeps it. */
static bool shard_folder_is_held(const struct shard_folder *folder, bool is_locked)
{
    struct stat made, locked;

    /* Where the file system has no locks, nobody can sweep either. */
    return (is_locked || errno != EWOULDBLOCK) && fstat(folder->lock_fd, &locked) == 0 &&
           fstatat(folder->fd, shard_folder_lock_name, &made, AT_SYMLINK_NOFOLLOW) == 0 &&
           locked.st_ino == made.st_ino;
}

/* Makes the draft, and holds its lock. 0, or -1 with errno; ESTALE: another process has swept it in between.
 */
static int shard_folder_make(struct shard_folder *folder)
{
    struct buffer draft;
    bool is_locked = false;

    buffer_init(&draft, SHARD_FOLDER_PATH_MAX);
    buffer_printf(&draft, "%s%sXXXXXX", folder->path, shard_folder_suffix);
    free(folder->draft);
    folder->draft = draft.data;
    if (!mkdtemp(folder->draft))
        return -1;
    folder->fd = open(folder->draft, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (folder->fd >= 0)
        folder->lock_fd = shard_folder_lock(folder->fd, &is_locked);
    if (folder->lock_fd >= 0 && shard_folder_is_held(folder, is_locked))
        return 0;
    int reason = folder->lock_fd >= 0 || errno == ENOENT ? ESTALE : errno;
    shard_folder_release(folder);
    rmdir(folder->draft);
    errno = reason;
    return -1;
}

/* What is replaced: without slashes behind it, because the draft is beside it, not inside; of a symbolic
 * link, or a name like `.`, the folder that it names. NULL with errno: a link to nothing. Owner: the caller
 * frees. */
static char *shard_folder_resolve(const char *path)
{
    size_t len = strlen(path);
    struct stat about;

    while (len > 1 && path[len - 1] == '/')
        len--;
    char *folder = memory_copy(slice_make(path, len));
    const char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
    bool is_dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    if (!is_dots && (lstat(folder, &about) != 0 || !S_ISLNK(about.st_mode)))
        return folder;
    char *real = realpath(folder, NULL);
    free(folder);
    return real;
}

int shard_folder_open(struct shard_folder *folder, const char *path, struct error *error)
{
    *folder = (struct shard_folder){.path = shard_folder_resolve(path), .fd = -1, .lock_fd = -1};
    if (!folder->path)
        return report_file_fail(path, error);
    char *parent = file_folder(folder->path);
    int result = file_make_folder(parent);
    if (result == 0 && shard_folder_check_old(folder->path, error) != 0) {
        free(parent);
        shard_folder_close(folder);
        return -1;
    }
    free(parent);
    if (result == 0) {
        shard_folder_sweep(folder->path);
        for (int i = 0; i < SHARD_FOLDER_TRIES; i++)
            if ((result = shard_folder_make(folder)) == 0 || errno != ESTALE)
                break;
    }
    if (result == 0)
        return 0;
    report_file_fail(path, error);
    free(folder->draft);
    folder->draft = NULL;
    shard_folder_close(folder);
    return -1;
}

/* Where folders cannot be exchanged: moves the old one aside, under a name of a draft without a lock. */
static void shard_folder_move_aside(const struct shard_folder *folder)
{
    struct buffer aside;

    buffer_init(&aside, SHARD_FOLDER_PATH_MAX);
    buffer_printf(&aside, "%s-old", folder->draft);
    if (rename(folder->path, aside.data) == 0)
        shard_folder_remove(aside.data, SHARD_FOLDER_REMOVE_TRIES);
    buffer_clear(&aside);
}

/* *is_exchanged: the old one has the draft's name now. 0, or -1 with errno. */
static int shard_folder_place(const struct shard_folder *folder, bool *is_exchanged)
{
    for (int i = 0; i < SHARD_FOLDER_TRIES; i++) { /* another process may place its own in between */
        *is_exchanged = renameat2(AT_FDCWD, folder->draft, AT_FDCWD, folder->path, RENAME_EXCHANGE) == 0;
        if (*is_exchanged || rename(folder->draft, folder->path) == 0)
            return 0;
        if (errno != ENOTEMPTY && errno != EEXIST)
            return -1;
        shard_folder_move_aside(folder);
    }
    return -1;
}

int shard_folder_commit(struct shard_folder *folder, struct error *error)
{
    bool is_exchanged;

    if (fsync(folder->fd) != 0 || shard_folder_place(folder, &is_exchanged) != 0 ||
        file_sync_folder(folder->path) != 0)
        return report_file_fail(folder->path, error);
    unlinkat(folder->fd, shard_folder_lock_name, 0); /* of the new one, whatever its name is by now */
    if (is_exchanged && shard_folder_remove(folder->draft, SHARD_FOLDER_REMOVE_TRIES) != 0)
        log_warning("%s: cannot be removed: %s\nhint: it may have personal data; remove it", folder->draft,
                    strerror(errno));
    free(folder->draft);
    folder->draft = NULL;
    return 0;
}

void shard_folder_close(struct shard_folder *folder)
{
    bool is_left = folder->draft && shard_folder_remove(folder->draft, SHARD_FOLDER_REMOVE_TRIES) != 0;
    if (folder->path)
        shard_folder_release(folder);
    if (is_left)
        rmdir(folder->draft); /* on NFS a removed file has a name until it is closed */
    free(folder->path);
    free(folder->draft);
    *folder = (struct shard_folder){.fd = -1, .lock_fd = -1};
}
