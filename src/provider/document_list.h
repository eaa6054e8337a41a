/* document_list: the documents of a record as the requests that send them, for a provider that takes
 * documents of users that exist.
 *
 * An entry of `fields.documents` makes one request for each thing that it shows: its front and back (who it
 * is, or where they live by the type), a selfie, and every other file (where they live). An entry without a
 * file makes none. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_DOCUMENT_LIST_H
#define KYC_PROVIDER_DOCUMENT_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"
#include "model/document_entry.h"
#include "provider/provider.h"

enum {
    DOCUMENT_LIST_MAX = FIELD_ENTRY_PARTS_MAX,
    DOCUMENT_SLOT_SIZE = FIELD_ENTRY_FILE_MAX + 64,
};

struct document_listed {
    struct provider_document document;
    enum field_id file, back;      /* the fields of its files; back: FIELD_NONE where it has none */
    char slot[DOCUMENT_SLOT_SIZE]; /* its type and first file, `passport/front`; the next such of a record
                                    * has a number behind it. Not its place in the job, which changes */
    const char *fault;             /* why it cannot be sent, behind "a document "; constant; NULL: it can */
};

/* Returns how many there are. Slices are the record's. */
size_t document_list(const struct provider *provider, const struct record *record,
                     struct document_listed listed[DOCUMENT_LIST_MAX]);

/* Adds what makes a document another one: its metadata and what its files hold; of a URL what comes before
 * its query, which is signed anew each time. */
void document_list_digest(const struct document_listed *listed, const struct record *record,
                          struct digest_hmac *hmac);

#endif
