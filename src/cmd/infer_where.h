/* infer_where: columns that say which records are no customers any more.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_WHERE_H
#define KYC_CMD_INFER_WHERE_H

#include "cmd/infer_sample.h"
#include "core/buffer.h"

/* Appends, as comments, the `where` that would leave them out: whether they are customers, a person decides.
 */
void infer_where_write(struct infer_sample *sample, struct buffer *out);

#endif
