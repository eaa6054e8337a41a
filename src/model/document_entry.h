/* document_entry: the documents of a record, as the entries of the job's `fields.documents` give them.
 *
 * An entry counts where it has a number or a file; the rules see to it that it has a type too. Thread: any;
 * pure. Owner: text is the record's.
 */
#ifndef KYC_MODEL_DOCUMENT_ENTRY_H
#define KYC_MODEL_DOCUMENT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "model/record.h"

struct document_entry {
    size_t index;                               /* in `fields.documents`, from 0 */
    struct slice type, number, country, expiry; /* normal forms; empty: none */
    enum field_id first, end;                   /* its parts are the fields from first to before end */
};

struct document_file {
    enum field_id field; /* field_document() of it is the index of its digest */
    struct slice kind;   /* in the provider's word: `front` */
    struct slice text;   /* a URL, a path or a data URI */
};

/* Moves *field, at first FIELD_COUNT, past the next entry of the record. False: there is none. */
bool document_entry_next(const struct record *record, enum field_id *field, struct document_entry *entry);

/* Moves *field, at first entry->first, past the next file of the entry. False: there is none. */
bool document_entry_file(const struct record *record, const struct document_entry *entry,
                         enum field_id *field, struct document_file *file);

#define DOCUMENT_TYPE_SSN    "ssn"
#define DOCUMENT_TYPE_TAX_ID "tax_id"

/* True if a field makes a document by itself: national_id the `ssn` of an individual in the US, tax_id, with
 * tax_country, the `tax_id` of another. False where the record has no value of it, or has a document of this
 * type already. */
bool document_entry_is_implied(const struct record *record, enum field_id field);

/* True if the record has a document of this type, in any case; of a file by this word, such as `front`: those
 * of the fields document_front and document_back count. */
bool document_entry_has_type(const struct record *record, const char *type);
bool document_entry_has_file(const struct record *record, const char *kind);

#endif
