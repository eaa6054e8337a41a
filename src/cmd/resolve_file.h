/* resolve_file: a CSV file of pairs, as `resolve --from` and `resolve --rekey` take it.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_RESOLVE_FILE_H
#define KYC_CMD_RESOLVE_FILE_H

#include "core/error.h"
#include "core/slice.h"

/* One record; valid during the call. where: `FILE:LINE`, for messages. Of a malformed record both are empty.
 * 0, or -1 with an error: the reading ends. */
typedef int resolve_pair(void *context, struct slice first, struct slice second, const char *where,
                         struct error *error);

/* Reads a file, gzipped or not, and gives the two named columns of each record in order. 0, or -1:
 * ERROR_USAGE without one of the columns, ERROR_INPUT when the file breaks off. */
int resolve_file_read(const char *path, const char *first, const char *second, resolve_pair *each,
                      void *context, struct error *error);

#endif
