/* report_folder: what goes wrong with any file of a report is said in the same words. Thread: any. */
#ifndef KYC_REPORT_REPORT_FOLDER_H
#define KYC_REPORT_REPORT_FOLDER_H

#include "core/error.h"

/* Fills in ERROR_USAGE from errno, naming the path and the way out. Returns -1. */
int report_folder_fail(const char *path, struct error *error);

#endif
