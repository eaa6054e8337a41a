/* provider_fields: which customer fields a provider accepts, and within what bounds.
 *
 * Data that a provider file defines and that the rules, the ledger's digests
 * and the payload share. A member is a top-level member of the provider's JSON body: what an update sends
 * whole. Thread: constant.
 */
#ifndef KYC_MODEL_PROVIDER_FIELDS_H
#define KYC_MODEL_PROVIDER_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/field.h"

enum {
    PROVIDER_MEMBERS_MAX = 48,
    PROVIDER_NO_MEMBER = 0xffff, /* the field is validated, but never sent (customer_type at payward) */
};

/* The customers that need a field. It does not apply to a record whose customer_type or country failed. */
enum provider_audience {
    PROVIDER_EVERYBODY,
    PROVIDER_INDIVIDUALS,
    PROVIDER_BUSINESSES,
    PROVIDER_US_INDIVIDUALS, /* whose country is the US */
};

/* One customer field at one provider. */
struct provider_field {
    enum field_id field;
    uint16_t member; /* index into provider_fields.members, or PROVIDER_NO_MEMBER */
    bool required;
    uint16_t max_chars;        /* 0: no bound */
    const char *const *values; /* of an enum, NULL-terminated; else NULL */
    const char *const
        *extra_countries; /* codes accepted beside the 249 of ISO 3166-1, NULL-terminated; or NULL */
    const char *const *refused_countries; /* rule country_refused; or NULL */
    const char *const *warned_countries;  /* the same as a warning; or NULL */
    enum provider_audience applies_to;    /* of a required or recommended field */
    bool recommended;   /* required, but only as a warning: the provider tends to refuse without */
    bool heads_member;  /* required where another field of its member has a value: a document's type */
    bool first_only;    /* of a list: its first item is sent, validated and digested, no other */
    uint16_t min_chars; /* 0: no bound */
};

struct provider_fields {
    const struct provider_field *fields; /* in field-table order; of the table alone */
    size_t field_count;
    const char *const
        *members; /* names of the top-level members, NULL-terminated, at most PROVIDER_MEMBERS_MAX */
    size_t member_count;
    /* Where members that a job names go (metadata.*), by group: .field is not used; NULL: no place. */
    const struct provider_field *groups[FIELD_GROUP_COUNT];
};

/* NULL when the provider has no place for it. Of a field of the job's own: its group's row. */
const struct provider_field *provider_fields_find(const struct provider_fields *fields, enum field_id field);

#endif
