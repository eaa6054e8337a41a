#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/failpoint.h"
#include "core/memory.h"

enum { FILE_READ_BLOCK = 64 * 1024, PRIVATE_FOLDER = 0700, PUBLIC_FOLDER = 0755 };

#define FILE_DRAFT_MARK ".tmp-"

static int file_read_open(int fd, struct buffer *out)
{
    char block[FILE_READ_BLOCK];
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return (int)got;
        buffer_append(out, slice_make(block, (size_t)got));
        if (out->overflowed) {
            errno = EFBIG;
            return -1;
        }
    }
}

const char *file_kind_fault(mode_t mode)
{
    if (S_ISREG(mode))
        return NULL;
    if (S_ISDIR(mode))
        return "it is a folder, not a file";
    if (S_ISFIFO(mode))
        return "it is a pipe, not a file";
    if (S_ISSOCK(mode))
        return "it is a socket, not a file";
    return "it is a device, not a file";
}

const char *file_open_fault(const char *path)
{
    struct stat about;
    int reason = errno;
    /* `No such device or address` is what a socket gets. */
    const char *fault = reason == ENXIO && stat(path, &about) == 0 ? file_kind_fault(about.st_mode) : NULL;
    return fault ? fault : strerror(reason);
}

int file_open(const char *path, struct stat *about, const char **why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        *why = file_open_fault(path);
        return -1;
    }
    *why = fstat(fd, about) == 0 ? file_kind_fault(about->st_mode) : strerror(errno);
    if (!*why)
        return fd;
    close(fd);
    return -1;
}

int file_read(const char *path, struct buffer *out, struct error *error)
{
    struct stat about;
    return file_read_about(path, out, &about, error);
}

int file_read_about(const char *path, struct buffer *out, struct stat *about, struct error *error)
{
    const char *why;
    int fd = file_open(path, about, &why);
    if (fd < 0)
        return error_set(error, ERROR_USAGE, "%s: %s", path, why);
    int failed = file_read_open(fd, out);
    int reason = errno;
    close(fd);
    if (failed && reason == EFBIG)
        return error_set(error, ERROR_USAGE, "%s is longer than its maximum of %zu bytes", path, out->max);
    if (failed)
        return error_set(error, ERROR_USAGE, "%s: %s", path, strerror(reason));
    return 0;
}

char *file_join(const char *folder, const char *path)
{
    if (path[0] == '/')
        return memory_copy(slice_from(path));
    size_t folder_len = strlen(folder), path_len = strlen(path);
    bool slash = folder_len && folder[folder_len - 1] != '/';
    char *joined = memory_resize(NULL, folder_len + slash + path_len + 1, 1);
    memcpy(joined, folder, folder_len);
    if (slash)
        joined[folder_len] = '/';
    memcpy(joined + folder_len + slash, path, path_len + 1);
    return joined;
}

char *file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return memory_copy(SLICE_LITERAL("."));
    return memory_copy(slice_make(path, slash == path ? 1 : (size_t)(slash - path)));
}

char *file_absolute(const char *path)
{
    char *folder = file_folder(path), *real = realpath(folder, NULL);
    const char *slash = strrchr(path, '/');
    char *absolute = real ? file_join(real, slash ? slash + 1 : path) : NULL;

    free(real);
    free(folder);
    return absolute;
}

/* 0 when path is a folder now. */
static int file_make_one_folder(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0)
        return mode == PRIVATE_FOLDER ? 0 : chmod(path, mode); /* the umask took bits away */
    int reason = errno;
    struct stat about;
    if (stat(path, &about) == 0) {
        if (S_ISDIR(about.st_mode))
            return 0;
        reason = ENOTDIR;
    }
    errno = reason;
    return -1;
}

static int file_make_folders(const char *path, mode_t mode)
{
    char *part = memory_copy(slice_from(path));
    int result = 0;
    for (char *slash = strchr(part + (part[0] == '/'), '/'); slash && result == 0;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        result = file_make_one_folder(part, mode);
        *slash = '/';
    }
    if (result == 0)
        result = file_make_one_folder(part, mode);
    int reason = errno;
    free(part);
    errno = reason;
    return result;
}

int file_make_folder(const char *path)
{
    return file_make_folders(path, PRIVATE_FOLDER);
}

int file_make_public_folder(const char *path)
{
    return file_make_folders(path, PUBLIC_FOLDER);
}

bool file_is_alone(int fd)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return false;
    errno = S_ISREG(about.st_mode) ? EMLINK : EINVAL;
    return S_ISREG(about.st_mode) && about.st_nlink == 1;
}

int file_write_all(int fd, struct slice bytes)
{
    while (bytes.len) {
        ssize_t done = write(fd, bytes.data, bytes.len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        bytes.data += done;
        bytes.len -= (size_t)done;
    }
    return 0;
}

/* False: the name has another file by now, or none. */
static bool is_named(int folder_fd, const char *name, int fd)
{
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && fstatat(folder_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* A living draft is locked by its process, perhaps one of another host: NFS gives the lock for writing alone.
 * 0, or -1 with errno: one could not be opened or removed. */
static int sweep(const char *path, bool of_longer_names, void (*each)(void *context, const char *draft),
                 void *context)
{
    int fault = 0;
    char *folder = file_folder(path);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t name_len = strlen(name);
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        if (strncmp(entry->d_name, name, name_len) != 0)
            continue;
        const char *mark = strstr(entry->d_name + name_len, FILE_DRAFT_MARK);
        if (!mark || (!of_longer_names && mark != entry->d_name + name_len))
            continue;
        int fd = openat(dirfd(entries), entry->d_name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) {
            fault = errno == ENOENT ? fault : errno;
            continue;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_named(dirfd(entries), entry->d_name, fd)) {
            if (unlinkat(dirfd(entries), entry->d_name, 0) != 0) {
                fault = errno;
            } else if (each) {
                char *draft = file_join(folder, entry->d_name);
                each(context, draft);
                free(draft);
            }
        }
        close(fd);
    }
    if (entries)
        closedir(entries);
    free(folder);
    errno = fault;
    return fault ? -1 : 0;
}

void file_draft_sweep(const char *prefix)
{
    (void)sweep(prefix, true, NULL, NULL);
}

int file_draft_sweep_of(const char *path, void (*each)(void *context, const char *draft), void *context)
{
    return sweep(path, false, each, context);
}

/* False: a process that sweeps came before the lock, and removes it. Not every file system has locks, or
 * counts links. */
static bool lock_new(int fd, const char *path)
{
    struct stat about;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno != EWOULDBLOCK;
    return fstat(fd, &about) != 0 || about.st_nlink > 0 || is_named(AT_FDCWD, path, fd);
}

/* Under a name that nothing has: a process of another container may have the same id. Returns the descriptor,
 * or -1 with errno. */
static int open_new(char *draft_path, size_t capacity, const char *path)
{
    enum { TRIES = 100 };
    size_t len = (size_t)snprintf(draft_path, capacity, "%s" FILE_DRAFT_MARK "%ld", path, (long)getpid());
    for (int i = 1; i <= TRIES; i++) {
        int fd = open(draft_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0 && lock_new(fd, draft_path))
            return fd;
        if (fd >= 0)
            close(fd);
        else if (errno != EEXIST)
            return -1;
        snprintf(draft_path + len, capacity - len, "-%d", i);
    }
    errno = EEXIST;
    return -1;
}

int file_draft_open(struct file_draft *draft, const char *path, unsigned mode)
{
    size_t capacity = strlen(path) + sizeof FILE_DRAFT_MARK + 30;
    *draft = (struct file_draft){.fd = -1, .path = memory_copy(slice_from(path)), .mode = mode};
    draft->draft_path = memory_resize(NULL, capacity, 1);

    sweep(path, false, NULL, NULL);
    draft->fd = open_new(draft->draft_path, capacity, path);
    if (draft->fd >= 0) {
        failpoint("draft opened");
        return 0;
    }
    int reason = errno;
    free(draft->draft_path);
    draft->draft_path = NULL;
    file_draft_drop(draft);
    errno = reason;
    return -1;
}

int file_draft_write(struct file_draft *draft, struct slice bytes)
{
    return file_write_all(draft->fd, bytes);
}

/* Not every file system can sync a folder. */
int file_sync_folder(const char *path)
{
    char *folder = file_folder(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return 0;
    int failed = fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP;
    int reason = errno;
    close(fd);
    errno = reason;
    return failed ? -1 : 0;
}

/* Not every file system can rename without replacing. */
static int file_rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (faccessat(AT_FDCWD, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

static int file_draft_finish(struct file_draft *draft, int (*move)(const char *from, const char *to))
{
    int result = 0;
    if (fchmod(draft->fd, (mode_t)draft->mode) != 0 || fsync(draft->fd) != 0)
        result = -1;
    else
        failpoint("draft synced");
    if (result == 0 && move(draft->draft_path, draft->path) != 0)
        result = -1;
    if (result == 0) {
        free(draft->draft_path);
        draft->draft_path = NULL;
        failpoint("draft renamed");
        result = file_sync_folder(draft->path);
    }
    int reason = errno;
    file_draft_drop(draft);
    errno = reason;
    return result;
}

int file_draft_commit(struct file_draft *draft)
{
    return file_draft_finish(draft, rename);
}

int file_draft_commit_new(struct file_draft *draft)
{
    return file_draft_finish(draft, file_rename_new);
}

void file_draft_drop(struct file_draft *draft)
{
    if (draft->draft_path) /* while it is locked: later the name may be another's */
        unlink(draft->draft_path);
    if (draft->path && draft->fd >= 0)
        close(draft->fd);
    free(draft->draft_path);
    free(draft->path);
    *draft = (struct file_draft){.fd = -1};
}

int file_replace(const char *path, unsigned mode, struct slice bytes)
{
    struct file_draft draft;
    if (file_draft_open(&draft, path, mode) != 0)
        return -1;
    if (file_draft_write(&draft, bytes) == 0)
        return file_draft_commit(&draft);
    int reason = errno;
    file_draft_drop(&draft);
    errno = reason;
    return -1;
}
