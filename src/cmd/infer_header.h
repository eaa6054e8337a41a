/* infer_header: neutral names for the columns of an export without a header line, by what their values show.
 *
 * Thread: one at a time.
 */
#ifndef KYC_CMD_INFER_HEADER_H
#define KYC_CMD_INFER_HEADER_H

#include "cmd/infer_sample.h"

/* Names all columns anew: `id`, `email`, `phone`, `country`, `date_of_birth` where the values of one column
 * alone look like that, else `column_N`. The rows are already read. */
void infer_header_name(struct infer_sample *sample);

#endif
