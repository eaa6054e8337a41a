/* document_payload: the bodies that submit a document of a user at Payward Services and Kraken Embed: JSON
 * with presigned URLs, or a form with the files.
 *
 * Sources: the pages of *submit verification* (README.md). What is signed is the body, so the boundary of a
 * form is made from its metadata: the same document has the same bytes. Thread: any; nothing but the files is
 * read.
 */
#ifndef KYC_PROVIDER_DOCUMENT_PAYLOAD_H
#define KYC_PROVIDER_DOCUMENT_PAYLOAD_H

#include "provider/provider.h"
#include "provider/provider_settings.h"

/* How the two pages differ. */
enum document_payload_birth {
    DOCUMENT_PAYLOAD_BIRTH_OBJECT, /* identity.birth.date */
    DOCUMENT_PAYLOAD_BIRTH_FLAT,   /* identity.date_of_birth */
};

/* Who checked the documents, and when: required by both pages, and in no export. */
#define DOCUMENT_PAYLOAD_SETTINGS                                                                            \
    {                                                                                                        \
        .name = SETTING_VERIFIER, .kind = PROVIDER_SETTING_TEXT,                                             \
        .accepts = document_payload_accepts_verifier,                                                        \
        .help = "who checked the documents that `documents` sends: required for it", .is_uncertain = true,   \
        .example = "Example Checks Ltd",                                                                     \
    }

/* 1 to 200 characters, none a control character. */
bool document_payload_accepts_verifier(const char *text, char fault[PROVIDER_SETTINGS_FAULT_SIZE]);

/* The document types of both pages; NULL ends them. */
extern const char *const document_payload_types[];

/* True when all files of the document are https URLs. */
bool document_payload_has_urls(const struct provider_document *document);

/* Writes the body with URLs. NULL, or why it cannot be built: a constant text. */
const char *document_payload_write_urls(const struct provider_call *call, enum document_payload_birth birth,
                                        struct provider_request *request);
/* Writes the body with files, read from below provider.documents, and its content type. The same. */
const char *document_payload_write_form(const struct provider_call *call, enum document_payload_birth birth,
                                        struct provider_request *request);

#endif
