#include "rules/document.h"

#include <errno.h>
#include <stdbool.h>
#include <strings.h>
#include <unistd.h>

#include "core/folder.h"

enum { MAGIC_LEN = 8 };

static bool is_https(struct slice text)
{
    static const struct slice scheme = SLICE_LITERAL("https://");
    return text.len >= scheme.len && strncasecmp(text.at, scheme.at, scheme.len) == 0;
}

static const char *fault_of_url(struct slice text)
{
    size_t at = strlen("https://");
    if (at == text.len || strchr("/?#:@", text.at[at]))
        return "is a URL without a host";
    for (; at < text.len; at++)
        if ((unsigned char)text.at[at] <= ' ' || (unsigned char)text.at[at] > '~' || text.at[at] == '"' ||
            text.at[at] == '\\')
            return "is a URL with a blank or a character that must be percent-encoded";
    return NULL;
}

/* JPEG: ISO/IEC 10918-1; PNG: its signature; PDF: ISO 32000. */
static bool is_known_magic(struct slice head)
{
    static const struct slice magics[] = {SLICE_LITERAL("\xff\xd8\xff"), SLICE_LITERAL("\x89PNG\r\n\x1a\n"),
                                          SLICE_LITERAL("%PDF-")};
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (head.len >= magics[i].len && memcmp(head.at, magics[i].at, magics[i].len) == 0)
            return true;
    return false;
}

static const char *fault_of_opening(int reason)
{
    switch (reason) {
    case ENOENT:
    case ENOTDIR:
        return "is no file below provider.documents";
    case EXDEV:
        return "leads out of provider.documents";
    case ELOOP:
        return "has a link on its way, which is not followed";
    case EINVAL:
        return "is no regular file";
    case EACCES:
        return "may not be read by this user";
    default:
        return "cannot be opened below provider.documents";
    }
}

const char *document_fault(int folder, struct slice text)
{
    if (is_https(text))
        return fault_of_url(text);
    if (memmem(text.at, text.len, "://", 3))
        return "is a URL, and only https:// is taken";
    if (folder < 0)
        return "is a path, and the job has no provider.documents to find it in";
    int fd = folder_open_file(folder, text);
    if (fd < 0)
        return fault_of_opening(errno);
    char head[MAGIC_LEN];
    ssize_t len = pread(fd, head, sizeof head, 0);
    close(fd);
    if (len <= 0)
        return "is empty or cannot be read";
    return is_known_magic(slice_make(head, (size_t)len))
               ? NULL
               : "is neither a JPEG, a PNG nor a PDF by its first bytes";
}
