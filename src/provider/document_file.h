/* document_file: a customer's document, read from below provider.documents or from its data URI when a
 * request is built.
 *
 * Thread: any; nothing but the file is read.
 */
#ifndef KYC_PROVIDER_DOCUMENT_FILE_H
#define KYC_PROVIDER_DOCUMENT_FILE_H

#include "core/buffer.h"
#include "core/slice.h"
#include "model/job.h"

/* Appends the file at path, or what a data URI in its place holds, to content, whose maximum bounds it, and
 * gives its media type (constant). NULL, or why it cannot be sent: a constant text. */
const char *document_file_read(const struct job_provider *provider, struct slice path, struct buffer *content,
                               const char **type);

#endif
