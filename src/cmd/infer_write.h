/* infer_write: a job file from a sample, with comments that say what a person has to check.
 *
 * What the data proves is written; what it does not stands as a line with `# TODO` and the readings there
 * are. Nothing of a customer is shown but the words of enumerations.
 */
#ifndef KYC_CMD_INFER_WRITE_H
#define KYC_CMD_INFER_WRITE_H

#include "cmd/infer_sample.h"
#include "core/buffer.h"
#include "provider/provider.h"

/* Appends the file. path: as the user named the input. Returns the lines with TODO. */
size_t infer_write_job(struct infer_sample *sample, const struct provider *provider, const char *path,
                       struct buffer *out);

#endif
