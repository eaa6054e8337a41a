/* members: the members of a provider's body by their names, for tests. */
#ifndef TESTS_UNIT_PROVIDER_MEMBERS_H
#define TESTS_UNIT_PROVIDER_MEMBERS_H

#include "model/provider_fields.h"

/* The bits of members, by their names with blanks between. */
static inline uint64_t members_of(const struct provider_fields *fields, const char *names)
{
    struct slice rest = slice_from(names), name;
    uint64_t members = 0;
    while (rest.len > 0 && slice_next_item(&rest, slice_from(" "), &name)) {
        const struct provider_field *row = provider_fields_named(fields, name);
        if (!row)
            fail_msg("no member %.*s", (int)name.len, name.data);
        members |= UINT64_C(1) << row->slot;
    }
    return members;
}

/* The bits of the members of which an update may do this, or more. */
static inline uint64_t members_with(const struct provider_fields *fields, enum provider_update min)
{
    uint64_t members = 0;
    for (size_t slot = 0; slot < fields->slot_count; slot++) {
        const struct provider_field *row = provider_fields_member(fields, slot);
        if (row && row->update >= min)
            members |= UINT64_C(1) << slot;
    }
    return members;
}

/* The name of the member with a slot. */
static inline const char *members_name(const struct provider_fields *fields, size_t slot)
{
    const struct provider_field *row = provider_fields_member(fields, slot);
    if (!row)
        fail_msg("no member with the slot %zu", slot);
    return row->member;
}

#endif
