#include "provider/document_file.h"

#include <errno.h>

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

const char *document_file_read(const struct job_provider *provider, struct slice path, struct buffer *content,
                               const char **type)
{
    const char *folder = job_setting_text(provider, SETTING_DOCUMENTS);
    if (!folder)
        return "a document is named by a path, but the job has no provider.documents";
    if (safe_open_read(folder, path, content) != 0)
        return file_fault(errno);
    *type = media_type(buffer_slice(content));
    return *type ? NULL : "a document is neither JPEG nor PNG nor PDF";
}
