/* report_folder: the files of the report, each written whole, and the message of one that cannot be. Thread:
 * any. */
#ifndef KYC_REPORT_REPORT_FOLDER_H
#define KYC_REPORT_REPORT_FOLDER_H

#include "core/buffer.h"
#include "core/error.h"

/* Replaces the file whole, with the permission bits mode, and makes its folder (0700) when missing. 0, or -1
 * as report_folder_fail. */
int report_folder_save(const char *path, unsigned mode, const struct buffer *text, struct error *error);

/* Fills in an ERROR_USAGE that names the path, the reason (errno) and the way out. Returns -1. */
int report_folder_fail(const char *path, struct error *error);

#endif
