/* document: a customer's document file, told by its first bytes (2-job.md, document_front).
 *
 * Thread: any; pure.
 */
#ifndef KYC_RULES_DOCUMENT_H
#define KYC_RULES_DOCUMENT_H

#include "core/slice.h"

/* NULL when text is an https URL, or a file below folder that is a JPEG, PNG or PDF; else why not, a text
 * that goes on from the name. folder: of folder_open, or -1 when the job names none. */
const char *document_fault(int folder, struct slice text);

#endif
