/* identity: ids of users and accounts, derived from the customer they belong to.
 *
 * Every sandbox gives the same customer the same id, so that a ledger that was used with two sandboxes never
 * meets the id of one customer on another. Thread: any.
 */
#ifndef KYC_SANDBOX_IDENTITY_H
#define KYC_SANDBOX_IDENTITY_H

#include <stddef.h>

#include "core/slice.h"

enum { IDENTITY_CHARS_MAX = 32, IDENTITY_UUID_SIZE = 37 };

/* Writes `chars` capitals and digits and a NUL, derived from purpose, name and number. */
void identity_write(char *out, size_t chars, const char *purpose, struct slice name, unsigned number);

/* The same as a UUID in lower case and a NUL (RFC 9562, version 8). */
void identity_write_uuid(char out[IDENTITY_UUID_SIZE], const char *purpose, struct slice name,
                         unsigned number);

#endif
