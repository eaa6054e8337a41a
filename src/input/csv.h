/* csv: delimited text as a format of the reader (2-job.md, Reading).
 *
 * Thread and owner: as reader.h.
 */
#ifndef KYC_INPUT_CSV_H
#define KYC_INPUT_CSV_H

#include "input/reader_ops.h"

extern const struct reader_ops csv_ops;

#endif
