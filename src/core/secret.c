#include "core/secret.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"

enum { SECRET_FILE_MAX = 64 * 1024, KEY_MIN = 16 };

void secret_wipe(void *item, size_t len)
{
    if (len)
        explicit_bzero(item, len);
}

const char *secret_find_weakness(const struct secret *secret)
{
    static const char short_key[] =
        "has fewer than 16 bytes, so it could be found by trying\nhint: make one with (umask 077; openssl rand -hex 32 > kyc.key), and write file:kyc.key";

    return secret->len < KEY_MIN ? short_key : NULL;
}

void secret_clear(struct secret *secret)
{
    if (secret->data) {
        secret_wipe(secret->data, secret->len);
        free(secret->data);
    }
    *secret = (struct secret){0};
}

void secret_forget_source(struct secret *secret)
{
    if (secret->source)
        secret_wipe(secret->source, strlen(secret->source));
    secret->source = NULL;
}

static int secret_load_env(struct secret *secret, const char *name, struct error *error)
{
    char *value = getenv(name);
    if (!value)
        return error_set(
            error, ERROR_USAGE,
            "the environment variable %s is not set\nhint: export it, or write file:PATH in the job file",
            name);
    if (!*value)
        return error_set(
            error, ERROR_USAGE,
            "the environment variable %s is empty\nhint: set it to the secret, or write file:PATH in the job file",
            name);
    secret->data = memory_copy(slice_from(value));
    secret->len = strlen(value);
    secret->source = value;
    return 0;
}

/* Bytes read, at most capacity; -1 with errno. */
static ssize_t secret_read(int fd, char *cursor, size_t capacity)
{
    size_t len = 0;
    while (len < capacity) {
        ssize_t got = read(fd, cursor + len, capacity - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

/* Of root, or of this process. */
static bool secret_is_own_group(gid_t group)
{
    if (group == 0 || group == getegid())
        return true;
    int count = getgroups(0, NULL);
    gid_t *groups = memory_new((size_t)(count > 0 ? count : 1), sizeof *groups);
    count = getgroups(count > 0 ? count : 0, groups);
    bool is_own = false;
    for (int i = 0; i < count && !is_own; i++)
        is_own = groups[i] == group;
    free(groups);
    return is_own;
}

/* As root gives a secret to the group of one service: Kubernetes' volumes (defaultMode 0440 with fsGroup),
 * and LoadCredential= of systemd since 254, whose access list for the service's user shows as the bit of
 * group root. */
static bool secret_is_given_by_root(const struct stat *about)
{
    return about->st_uid == 0 && (about->st_mode & 0777) == 0440 && secret_is_own_group(about->st_gid);
}

/* An account that may write to it could put a secret of its own there, and be sent the customers. */
static int secret_check_mode(const struct stat *about, const char *path, struct error *error)
{
    mode_t mode = about->st_mode;
    bool is_readable = mode & (S_IRGRP | S_IROTH), is_writable = mode & (S_IWGRP | S_IWOTH);
    if ((!is_readable && !is_writable) || secret_is_given_by_root(about))
        return 0;
    return error_set(error, ERROR_USAGE,
                     "%s holds a secret and others may %s it (mode %03o)\nhint: chmod 600 %s", path,
                     is_readable && is_writable ? "read and change"
                     : is_readable              ? "read"
                                                : "change",
                     (unsigned)(mode & 0777), path);
}

static int secret_load_open(struct secret *secret, int fd, const char *path, struct error *error)
{
    /* A fixed size: a growing buffer would leave copies behind. */
    char *bytes = memory_new(SECRET_FILE_MAX + 1, 1);
    ssize_t got = secret_read(fd, bytes, SECRET_FILE_MAX + 1);
    size_t len = got < 0 ? 0 : (size_t)got;
    if (len && bytes[len - 1] == '\n')
        len--;
    if (len && bytes[len - 1] == '\r')
        len--;

    int result = 0;
    if (got < 0)
        result = error_set(error, ERROR_USAGE, "%s: %s", path, strerror(errno));
    else if (got > SECRET_FILE_MAX)
        result = error_set(error, ERROR_USAGE, "%s is longer than 64 KiB: it is not a secret", path);
    else if (len == 0)
        result = error_set(error, ERROR_USAGE, "%s is empty, and a secret is expected there", path);
    else
        *secret = (struct secret){.data = memory_copy(slice_make(bytes, len)), .len = len};
    secret_wipe(bytes, SECRET_FILE_MAX + 1);
    free(bytes);
    return result;
}

static int secret_load_file(struct secret *secret, const char *path, struct error *error)
{
    struct stat about;
    const char *why;
    int fd = file_open(path, &about, &why);
    if (fd < 0)
        return error_set(error, ERROR_USAGE, "%s: %s (a secret is expected there)", path, why);
    int result = secret_check_mode(&about, path, error);
    if (result == 0)
        result = secret_load_open(secret, fd, path, error);
    close(fd);
    return result;
}

const char *secret_find_fault(const struct secret *secret)
{
    static const char *const marks[] = {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (secret->len >= strlen(marks[i]) && memcmp(secret->data, marks[i], strlen(marks[i])) == 0)
            return "begins with a byte order mark\nhint: save it as UTF-8 without one";
    for (size_t i = 0; i < secret->len; i++) {
        unsigned char byte = (unsigned char)secret->data[i];
        if (byte == '\n' || byte == '\r')
            return "has more than one line\nhint: a secret is one line of text";
        if (byte < ' ' || byte == 0x7f)
            return "holds a NUL or another control byte\nhint: save it as UTF-8, not as UTF-16";
    }
    return NULL;
}

int secret_load(struct secret *secret, const char *reference, const char *folder, struct error *error)
{
    *secret = (struct secret){0};
    if (strncmp(reference, "env:", 4) == 0 && reference[4])
        return secret_load_env(secret, reference + 4, error);
    if (strncmp(reference, "file:", 5) == 0 && reference[5]) {
        char *path = file_join(folder, reference + 5);
        int result = secret_load_file(secret, path, error);
        free(path);
        return result;
    }
    return error_set(error, ERROR_USAGE,
                     "a secret may not be in the job file itself\nhint: write env:NAME or file:PATH");
}
