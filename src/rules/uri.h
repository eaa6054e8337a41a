/* uri: whether a text is a URI to which a customer may be sent back (RFC 3986).
 *
 * Kira's `redirect_uri` is a string of the format `uri`: it may have any scheme, an application's own too.
 * javascript:, data: and file: are refused: a browser would run or open what a row of an export says.
 * Thread: any; pure.
 */
#ifndef KYC_RULES_URI_H
#define KYC_RULES_URI_H

#include "core/slice.h"

/* NULL, or what is wrong with it: a clause for a message. */
const char *uri_fault(struct slice text);

#endif
