/* provider_list: the descriptors of all providers. Thread: any; constant.
 *
 * The array alone is in provider_list.c, so that a test links one of its own.
 */
#ifndef KYC_PROVIDER_PROVIDER_LIST_H
#define KYC_PROVIDER_PROVIDER_LIST_H

#include "provider/provider.h"

/* NULL-terminated, in the order in which they are shown. */
extern const struct provider *const provider_list[];

#endif
