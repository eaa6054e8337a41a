/* documents: the requests of payward and kraken-embed that submit a document of a user: JSON with presigned
 * URLs, or a form with the files.
 *
 * Written from the pages of "Submit Verification". What the URLs lead to is not fetched: a document by URL is
 * known by the URL without its query, which holds a signature that changes. Thread: as struct api's handle.
 */
#ifndef KYC_SANDBOX_DOCUMENTS_H
#define KYC_SANDBOX_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"
#include "core/json.h"
#include "core/slice.h"
#include "sandbox/schema.h"

struct exchange;
struct user;
struct workspace;

enum { DOCUMENTS_MAX = 2 };

/* The files of a request. */
struct documents {
    size_t count;
    uint8_t digests[DOCUMENTS_MAX][DIGEST_SHA256_LEN];
};

/* `metadata` of each API. */
extern const struct schema documents_payward_metadata[];
extern const struct schema documents_embed_metadata[];

/* Reads a body with URLs or a form. False: answered in the API's own format. Without the server state's
 * lock. */
bool documents_read_urls(struct documents *documents, struct exchange *exchange, struct workspace *workspace,
                         const struct schema *metadata);
bool documents_read_form(struct documents *documents, struct exchange *exchange, struct workspace *workspace,
                         const struct schema *metadata);

/* Counts the documents, after which a user that needed action is in review, and begins the answer:
 * {MEMBER:{"verification_id":…, with both objects open. With the server state's lock. False: answered 500. */
bool documents_accept(const struct documents *documents, struct exchange *exchange, struct user *user,
                      const char *member, struct json_writer *writer);

#endif
