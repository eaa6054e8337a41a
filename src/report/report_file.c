#include "report/report_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

int report_file_save(const char *path, unsigned mode, const struct buffer *text, struct error *error)
{
    char *folder = file_folder(path);
    int result = -1;
    if (text->overflowed)
        errno = EFBIG;
    else if (file_make_folder(folder) == 0)
        result = file_replace(path, mode, buffer_slice(text));
    if (result != 0)
        report_file_fail(path, error);
    free(folder);
    return result;
}

int report_file_fail(const char *path, struct error *error)
{
    return error_set(
        error, ERROR_USAGE,
        "%s: %s: the report cannot be written\nhint: check space and permissions there, or choose another folder with --report",
        path, strerror(errno));
}
