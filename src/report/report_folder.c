#include "report/report_folder.h"

#include <errno.h>
#include <string.h>

int report_folder_fail(const char *path, struct error *error)
{
    return error_set(
        error, ERROR_USAGE,
        "%s: %s: the report cannot be written; make room there, or name another folder with --report", path,
        strerror(errno));
}
