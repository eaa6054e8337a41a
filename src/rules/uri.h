/* uri: URIs to which a customer's browser is redirected (RFC 3986).
 *
 * Kira's `redirect_uri` is a string of the format `uri`: any scheme is accepted, an application's own
 * included. javascript:, data: and file: are refused: a browser would run or open text from an export.
 * Thread: any; pure.
 */
#ifndef KYC_RULES_URI_H
#define KYC_RULES_URI_H

#include "core/slice.h"

/* NULL for a valid URI; else the fault, a verb phrase for a message. */
const char *uri_fault(struct slice text);

#endif
