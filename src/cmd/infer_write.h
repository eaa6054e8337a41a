/* infer_write: writes a job file from a sample, with comments on what a person has to check.
 *
 * Where the data do not prove a setting, a line with `# TODO` gives the possible readings. Of the customers'
 * data only words of enumerations are shown. Thread: the main one.
 */
#ifndef KYC_CMD_INFER_WRITE_H
#define KYC_CMD_INFER_WRITE_H

#include "cmd/infer_sample.h"
#include "core/buffer.h"
#include "provider/provider.h"

/* Appends the file. path: the input, as on the command line. Returns the number of TODOs. */
size_t infer_write_job(struct infer_sample *sample, const struct provider *provider, const char *path,
                       struct buffer *out);

#endif
