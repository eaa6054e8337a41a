/* retained_fields: members of a successful reply that the ledger keeps, as the job's provider.keep lists
 * them.
 *
 * A name is a path of members with dots between them (`kyc.general.status`), from the top or else from within
 * `data`, `result` or `user`, as the provider wraps. Two things are never kept: links, which are credentials,
 * and the person, whose data the ledger does not hold. Thread: any.
 */
#ifndef KYC_PROVIDER_RETAINED_FIELDS_H
#define KYC_PROVIDER_RETAINED_FIELDS_H

#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"
#include "model/outcome.h"
#include "provider/provider.h"

/* Refuses a name of provider.keep that is a link, a member of the provider's create, or the whole reply;
 * where the job has no list, gives it the provider's. 0, or -1 as job_fail. */
int retained_fields_set(struct job *job, const struct provider *provider, struct error *error);

/* Writes one JSON object of the named members of body, in the order of names (NULL-terminated); its names are
 * the paths, its values are as the provider wrote them (also null), blanks and links within them aside. A
 * member with which the object would be longer than OUTCOME_KEPT_SIZE - 1 bytes is left out, never cut:
 * *not_kept then has the bit of its name. out is "" when nothing is kept. */
void retained_fields_copy(const char *const *names, struct slice body, char out[OUTCOME_KEPT_SIZE],
                          uint64_t *not_kept);

#endif
