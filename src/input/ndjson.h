/* ndjson: lines of JSON as a format of the reader.
 *
 * Each line is a record of its own, so this only splits: LF ends a line, lines of blanks are passed over.
 * The content of a line is parsed by the rule workers, of which there are several. Thread and owner: as
 * reader.h.
 */
#ifndef KYC_INPUT_NDJSON_H
#define KYC_INPUT_NDJSON_H

#include "input/reader_ops.h"

extern const struct reader_ops ndjson_ops;

#endif
