/* remote_members: all members of a request's body that a user at the provider shows, in our normal form.
 *
 * remote_user reads who a user is; this reads whatever else its reply shows, so that it can be compared with
 * a record by digests. A reply has a member where the request has it, or at the path of its row (reply_name).
 * Members of several fields (documents) and lists are not read: they count as not shown. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_REMOTE_MEMBERS_H
#define KYC_PROVIDER_REMOTE_MEMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/json.h"
#include "provider/provider.h"

struct remote_members {
    struct value *values; /* [field_count()]; absent: not shown, or not readable */
    uint64_t shown;       /* a bit for the slot of each member that has a value */
    uint64_t unreadable;  /* of these, those whose value has no normal form */
};

/* Reads the user nodes[index], an element of a listing or (index 0) the whole reply to a FETCH. A member that
 * is null or empty is not shown. Values are in the arena. */
void remote_members_read(const struct provider *provider, const struct json_node *nodes, size_t index,
                         const struct job *job, struct arena *arena, struct remote_members *members);

#endif
