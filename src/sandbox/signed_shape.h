/* signed_shape: the parts that the bodies of payward and kraken-embed have in common.
 *
 * Thread: constant.
 */
#ifndef KYC_SANDBOX_SIGNED_SHAPE_H
#define KYC_SANDBOX_SIGNED_SHAPE_H

#include "sandbox/shape.h"

extern const char *const signed_shape_occupations[];
extern const struct shape signed_shape_full_name[];
extern const struct shape signed_shape_residence[];
extern const struct shape signed_shape_client_identifier[];
/* elements */
extern const struct shape signed_shape_nationality[];
extern const struct shape signed_shape_tax_id[];

#endif
