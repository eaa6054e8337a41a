/* output: how a command ends: with its result on standard output, or with an error in the log.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_OUTPUT_H
#define KYC_CMD_OUTPUT_H

#include "core/error.h"
#include "core/slice.h"

/* Writes text to standard output. Returns status, or 2 with a message when the text cannot be written (a full
 * disk). */
int output_result(struct slice text, int status);

/* Logs the error. Returns its exit status. */
int output_error(const struct error *error);

#endif
