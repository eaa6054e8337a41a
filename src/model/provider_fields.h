/* provider_fields: the customer fields that a provider accepts: one row holds all that is known of a field.
 *
 * Defined in the provider's own file, and used by the rules, the payload, the ledger's digests and the
 * inference of jobs. A member is a top-level member of the provider's JSON body: what an update sends whole.
 *
 * The rows are in the order of the body. The digest of a member is stored in the ledger at the place that
 * its slot gives: a new member may be anywhere among the rows, and its slot is the next that no member ever
 * had. A slot is never changed, nor given to another member: its customers would look changed. Thread:
 * constant.
 */
#ifndef KYC_MODEL_PROVIDER_FIELDS_H
#define KYC_MODEL_PROVIDER_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"
#include "model/field.h"

enum {
    PROVIDER_MEMBERS_MAX = 48, /* slots; a set of members is a word with a bit for each slot */
    PROVIDER_NO_SLOT = 0xffff, /* the field is validated, but never sent (customer_type at payward) */
};

/* How a value is written. */
enum payload_form {
    PAYLOAD_TEXT,          /* a string */
    PAYLOAD_LIST,          /* an array of strings, from a list value */
    PAYLOAD_FIRST,         /* a string, the first item of a list value */
    PAYLOAD_INTEGER,       /* a number */
    PAYLOAD_BOOL,          /* true or false */
    PAYLOAD_ALPHA3,        /* an alpha-2 country, the first of a list, as alpha-3 */
    PAYLOAD_DATE,          /* a date in the job's provider.date_format */
    PAYLOAD_CUSTOMER_TYPE, /* a string; `individual` where the record has none */
    PAYLOAD_TAX_IDS,       /* [{"id", "issuing_country"}], from tax_id and tax_country, paired; the country
                              defaults to the record's */
    PAYLOAD_TAX_COUNTRY,   /* with the tax_id of its member */
    PAYLOAD_CONCAT, /* {"type": "concat", "value", "calculated_at"}, the last from its own field, else from
                       call.journalled_ns */
    PAYLOAD_CONCAT_TIME, /* with the client identifier of its member */
    PAYLOAD_ENTRY,       /* a document by itself, where document_entry_is_implied() */
    PAYLOAD_OWN,         /* the provider's own code writes the whole member */
};

/* What an update may do to a member. */
enum provider_update {
    UPDATE_NEVER, /* leave it: a change is FIELD/immutable */
    UPDATE_VALUE, /* replace it; a value that was removed stays: FIELD/no_clear */
    UPDATE_CLEAR, /* replace it, or clear it by null */
};

/* The customers that need a field. It does not apply to a record whose customer_type or country failed. */
enum provider_audience {
    PROVIDER_EVERYBODY,
    PROVIDER_INDIVIDUALS,
    PROVIDER_BUSINESSES,
    PROVIDER_NOT_FOREIGN, /* businesses, and individuals whose country is the US */
};

/* The customers that the provider verifies by itself only if they have a field: record/unverifiable. */
enum provider_verifies {
    VERIFIES_NOBODY,
    VERIFIES_EVERYBODY,
    VERIFIES_ABROAD, /* whose country is not the US */
};

/* One customer field at one provider. Rows of the same member are next to each other, and have its slot and
 * its update. */
struct provider_field {
    enum field_id field; /* FIELD_NONE: all of the job's own fields of group, as an object */
    enum field_group group;
    const char *member;     /* its name; NULL: the field is never sent */
    const char *key;        /* within the member; NULL: the member is the value */
    const char *reply_name; /* path by which replies name the member, if they use another; or NULL */

    const char *const *values; /* of an enum, NULL-terminated; else NULL */
    const char *const
        *extra_countries; /* codes accepted beside ISO 3166-1 and XK, NULL-terminated; or NULL */
    const char *const *refused_countries; /* rule country_refused; or NULL */
    const char *const *warned_countries;  /* the same as a warning; or NULL */

    enum payload_form form;
    enum provider_update update;
    enum provider_audience applies_to; /* of a required or recommended field */
    enum provider_verifies verifies;
    uint16_t slot;                 /* of the member, or PROVIDER_NO_SLOT */
    uint16_t min_chars, max_chars; /* 0: no bound */

    /* The value of a field is written here too: only member, key, form and slot count, the rest is in the
     * field's own row, which alone is found, validated and digested. */
    bool copy;
    bool undigested;    /* a change of it alone is no change of the customer */
    bool iso_countries; /* the page asks for codes of ISO 3166-1: XK gives a warning */
    bool required;
    bool is_uncertain; /* the provider's page leaves open whether it is required: (?) in its README */
    bool
        recommended; /* a warning where it is absent and not required: the provider tends to refuse without */
    bool open_values; /* of values: the provider's page has no list, so another word is sent with a warning */
    bool yes_no;      /* of a text: true and false are sent as yes and no */
    bool heads_member; /* required where another field of its member has a value: a document's type */
    bool first_only;   /* of a list: its first item is sent, validated and digested, no other */
};

/* A member of the provider's page that is never sent. */
struct provider_omitted {
    const char *member, *why; /* why: for a person; member NULL ends a list */
};

struct provider_fields {
    const struct provider_field *fields; /* in the order of the body; external_id and email are among them */
    size_t field_count;
    size_t slot_count;                      /* all that were ever used: at most PROVIDER_MEMBERS_MAX */
    const struct provider_omitted *omitted; /* NULL: none */
    const char *wrapper;                    /* the body is {wrapper: {members}}; NULL: {members} */
    bool null_if_absent;                    /* a create has every member, as null where it has no value */
};

/* `individual` alone, the customer types of a provider without business customers. */
extern const char *const provider_fields_individuals[];

/* NULL when the provider has no place for it. Of a field of the job's own: its group's row. */
const struct provider_field *provider_fields_find(const struct provider_fields *fields, enum field_id field);

/* The first row of the member with this slot; NULL: no member has it any more. */
const struct provider_field *provider_fields_member(const struct provider_fields *fields, size_t slot);

/* The first row of the member of this name; NULL: there is none. */
const struct provider_field *provider_fields_named(const struct provider_fields *fields, struct slice name);

#endif
