/* infer_dates_line: the line of a date field in a guessed job, with what proves its forms. For infer_fields.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_DATES_LINE_H
#define KYC_CMD_INFER_DATES_LINE_H

#include "cmd/infer_line.h"

/* Appends the line of a date field that has a column; where the data prove no form, its readings as comments
 * below a TODO. */
void infer_dates_line(struct infer_writer *writer, enum field_id field);

#endif
