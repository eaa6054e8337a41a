/* document: a customer's document file, told by its first bytes (2-job.md, document_front).
 *
 * Thread: any.
 */
#ifndef KYC_RULES_DOCUMENT_H
#define KYC_RULES_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"

/* NULL when text is an https URL, or a file below folder that is a JPEG, PNG or PDF; else why not, a text
 * that goes on from the name. folder: of safe_open_folder, or -1 when the job names none. */
const char *document_fault(int folder, struct slice text);

/* Digests of files that were read before in this process, so that a file that many rows name is read once: by
 * path, device, size, times and inode. Bounded: a file more takes the place of another. */
struct document_cache;

struct document_cache *document_cache_new(void);
void document_cache_free(struct document_cache *cache);

/* SHA-256 of what the file at text below folder holds. False, and nothing in out, when text is a URL or the
 * file cannot be read. */
bool document_digest(struct document_cache *cache, int folder, struct slice text, uint8_t out[32]);

#endif
