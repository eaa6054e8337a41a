/* csv: delimited text as a format of the reader.
 *
 * CR, LF and CRLF end a record; blank lines are skipped. Parsing is strict, because libcsv's default mode
 * merges neighbours at a stray quote. libcsv is given one physical line at a time, so that each record's line
 * and raw text are known. A record that is malformed, longer than input.max_record, or still open at the end
 * costs its first physical line: the parser is made anew, and reading continues at the next line.
 *
 * Before the records come a separator line (`sep=;`) at line 1, the lines of input.csv.skip_lines, which
 * count it, and the header; with input.csv.header there is no header line. A reject file, whose first record
 * names a column kyc_row, has its header there, and neither these lines nor a footer. With
 * input.csv.skip_footer that many records are read ahead of each batch; without it nothing is.
 *
 * Thread and owner: as reader.h.
 */
#ifndef KYC_INPUT_CSV_H
#define KYC_INPUT_CSV_H

#include "input/reader_ops.h"

extern const struct reader_ops csv_ops;

#endif
