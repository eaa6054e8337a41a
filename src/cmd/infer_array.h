/* infer_array: a list that a cell of CSV holds as an array: of JSON (mongoexport, BigQuery), or of
 * PostgreSQL.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_ARRAY_H
#define KYC_CMD_INFER_ARRAY_H

#include "cmd/infer_line.h"

/* Appends the line of a list field whose values are all such arrays. False: they are not; nothing is
 * appended.
 */
bool infer_array_write(struct infer_writer *writer, enum field_id field);

#endif
