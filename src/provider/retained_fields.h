/* retained_fields: members of a successful reply that the ledger keeps, as the job's provider.keep lists
 * them.
 *
 * Thread: any; pure.
 */
#ifndef KYC_PROVIDER_RETAINED_FIELDS_H
#define KYC_PROVIDER_RETAINED_FIELDS_H

#include "core/slice.h"
#include "model/outcome.h"

/* Writes one JSON object of the named members of body, in the order of names (NULL-terminated), each taken
 * from the top or else from within `data`, `result` or `user`, as the provider wraps; its names and values
 * are as the provider wrote them, blanks aside. A member with which the object would be longer than
 * OUTCOME_KEPT_SIZE - 1 bytes is left out, never cut. out is "" when nothing is kept. */
void retained_fields_copy(const char *const *names, struct slice body, char out[OUTCOME_KEPT_SIZE]);

#endif
