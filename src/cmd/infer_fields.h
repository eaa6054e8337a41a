/* infer_fields: the members of `fields`: columns by their names, and what their values prove or leave open;
 * and rules to begin with.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_FIELDS_H
#define KYC_CMD_INFER_FIELDS_H

#include <stddef.h>

#include "cmd/infer_sample.h"
#include "core/buffer.h"
#include "provider/provider.h"

/* Appends the members of `fields`, with a TODO where a person has to choose, and `rules` as a comment.
 * Returns the number of TODOs. */
size_t infer_fields_write(struct infer_sample *sample, const struct provider *provider, struct buffer *out);

#endif
