/* idempotency: the key with which a create or a link may be repeated.
 *
 * UUID version 5 (RFC 4122, 4.3), so the same customer of the same job has the same key after a crash, on
 * another machine and in a rerun. It does not depend on the body. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_IDEMPOTENCY_H
#define KYC_PROVIDER_IDEMPOTENCY_H

#include <stdint.h>

#include "core/slice.h"

enum { IDEMPOTENCY_KEY_SIZE = 37, IDEMPOTENCY_NAMESPACE_LEN = 16 };

/* refusals: the creates of this customer that the provider has finally refused. Returns out. */
char *idempotency_key(const char *job, struct slice external_id, uint64_t refusals,
                      char out[IDEMPOTENCY_KEY_SIZE]);

/* Of a verification link. at_ns: real ns when it was journalled first: which of the customer's links it is,
 * also after a ledger was lost, where a count would begin again and give a key that an old link has. */
char *idempotency_link_key(const char *job, struct slice external_id, uint64_t at_ns,
                           char out[IDEMPOTENCY_KEY_SIZE]);

/* The UUID of a name in a namespace. Returns out. */
char *idempotency_uuid(const uint8_t name_space[IDEMPOTENCY_NAMESPACE_LEN], struct slice name,
                       char out[IDEMPOTENCY_KEY_SIZE]);

#endif
