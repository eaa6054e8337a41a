#include "cmd/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"

int output_result(struct slice text, int status)
{
    if (file_write_all(STDOUT_FILENO, text) == 0)
        return status;
    log_error("cannot write to standard output: %s", strerror(errno));
    return error_worse_status(status, ERROR_USAGE);
}

int output_error(const struct error *error)
{
    log_failure(error);
    return (int)error->scope;
}
