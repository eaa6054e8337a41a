/* resolve_file: reads a CSV file of pairs, for `resolve --from` and `resolve --rekey`.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_RESOLVE_FILE_H
#define KYC_CMD_RESOLVE_FILE_H

#include "core/error.h"
#include "core/slice.h"

/* Called for each record; the slices are valid during the call. where: `FILE:LINE`, for messages. Both are
 * empty for a malformed record. 0, or -1 with an error, which ends the reading. */
typedef int resolve_pair(void *context, struct slice first, struct slice second, const char *where,
                         struct error *error);

/* Reads a file, gzipped or not, with the delimiter (, ; tab or |) that it has, and passes the two named
 * columns of each record to each, in order. 0, or -1: ERROR_USAGE if a column is missing, ERROR_INPUT if the
 * file is cut off, or the error of each. */
int resolve_file_read(const char *path, const char *first, const char *second, resolve_pair *each,
                      void *context, struct error *error);

#endif
