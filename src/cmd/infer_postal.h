/* infer_postal: what a spreadsheet did to postal codes. For infer_fields.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_POSTAL_H
#define KYC_CMD_INFER_POSTAL_H

#include "cmd/infer_line.h"

/* Appends a CHECK where codes have lost their zero, or became a number with a decimal. */
void infer_postal_write(const struct infer_writer *writer);

#endif
