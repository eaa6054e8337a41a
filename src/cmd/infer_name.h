/* infer_name: first and last name out of a column of whole names. For infer_fields.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_NAME_H
#define KYC_CMD_INFER_NAME_H

#include "cmd/infer_line.h"

/* Appends the two fields: a pattern splits what has one reading (two words, a prefix such as `van der`, or a
 * comma), and rejects the others, since nothing tells where a name of three words is to be cut. */
void infer_name_write(struct infer_writer *writer);

#endif
