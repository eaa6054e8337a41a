/* report_file: writes the files of the report. Thread: any. */
#ifndef KYC_REPORT_REPORT_FILE_H
#define KYC_REPORT_REPORT_FILE_H

#include "core/buffer.h"
#include "core/error.h"

/* Replaces the file atomically, with the permission bits mode; creates its folder (0700) when missing. 0, or
 * -1 as report_file_fail. */
int report_file_save(const char *path, unsigned mode, const struct buffer *text, struct error *error);

/* Sets an ERROR_USAGE with the path, the reason (errno) and a hint. Returns -1. */
int report_file_fail(const char *path, struct error *error);

#endif
