/* csv: delimited text as a format of the reader.
 *
 * CR, LF and CRLF end a record; blank lines are skipped. Parsing is strict, because libcsv's default mode
 * merges neighbours at a stray quote. libcsv is given one physical line at a time, so that each record's line
 * and raw text are known. A record that is malformed, longer than input.max_record, or still open at the end
 * costs its first physical line: the parser is made anew, and reading continues at the next line.
 *
 * Thread and owner: as reader.h.
 */
#ifndef KYC_INPUT_CSV_H
#define KYC_INPUT_CSV_H

#include "input/reader_ops.h"

extern const struct reader_ops csv_ops;

#endif
