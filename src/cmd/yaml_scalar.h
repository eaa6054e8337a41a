/* yaml_scalar: a text as a scalar of a YAML file.
 *
 * Thread: any.
 */
#ifndef KYC_CMD_YAML_SCALAR_H
#define KYC_CMD_YAML_SCALAR_H

#include "core/buffer.h"
#include "core/slice.h"

/* Appends the text: plain where every YAML reader takes it for this text, else in double quotes. */
void yaml_scalar_append(struct buffer *out, struct slice text);

#endif
