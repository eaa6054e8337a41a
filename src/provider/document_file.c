#include "provider/document_file.h"

#include <errno.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/memory.h"
#include "core/safe_open.h"
#include "model/job_setting.h"
#include "model/media.h"

static const char *file_fault(int reason)
{
    switch (reason) {
    case EFBIG:
        return "a document is larger than the 10 MB that the whole request may have";
    case EXDEV:
    case EINVAL:
    case ELOOP:
        return "a document is not a regular file inside provider.documents";
    case ENOENT:
        return "a document is not in provider.documents";
    default:
        return "a document cannot be read from provider.documents";
    }
}

static const char *decode(struct slice base64, struct buffer *content)
{
    uint8_t *bytes = memory_new(3 * (base64.len / 4) + 1, 1);
    ptrdiff_t len = digest_base64_decode(base64, bytes);
    if (len >= 0)
        buffer_append(content, slice_make((const char *)bytes, (size_t)len));
    free(bytes);
    return len < 0 ? "a document is a data URI whose content is not base64" : NULL;
}

static const char *read_content(const struct job_provider *provider, struct slice path,
                                struct buffer *content)
{
    struct slice type, base64;
    if (media_read_data_uri(path, &type, &base64))
        return decode(base64, content);
    const char *folder = job_setting_text(provider, SETTING_DOCUMENTS);
    if (!folder)
        return "a document is named by a path, but the job has no provider.documents";
    if (safe_open_read(folder, path, content) != 0)
        return file_fault(errno);
    return NULL;
}

const char *document_file_read(const struct job_provider *provider, struct slice path, struct buffer *content,
                               const char **type)
{
    const char *fault = read_content(provider, path, content);
    if (fault || content->overflowed)
        return fault ? fault : file_fault(EFBIG);
    *type = media_type(buffer_slice(content));
    return *type ? NULL : "a document is neither JPEG nor PNG nor PDF";
}
