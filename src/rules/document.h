/* document: document files of customers (document_front, document_back): a JPEG, PNG or PDF below the folder
 * provider.documents, recognized by its first bytes, an https URL, or a data URI.
 *
 * Thread: any.
 */
#ifndef KYC_RULES_DOCUMENT_H
#define KYC_RULES_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"

/* NULL for a valid document, else the fault, a verb phrase for a message. folder: of safe_open_folder; -1:
 * the job has none. */
const char *document_fault(int folder, struct slice text);

/* Digests of files read earlier in this process, so that a file of many rows is read once. The key is the
 * path with device, inode, size and times. Bounded: a new entry replaces another. */
struct document_cache;

struct document_cache *document_cache_new(void);
void document_cache_free(struct document_cache *cache);

/* SHA-256 of the file at the path text below folder, or of what a data URI holds. False, with out unchanged,
 * for a URL or a file that cannot be read. cache: NULL without a folder. */
bool document_digest(struct document_cache *cache, int folder, struct slice text, uint8_t out[32]);

#endif
