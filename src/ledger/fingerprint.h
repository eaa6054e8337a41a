/* fingerprint: keyed digests of a record's normalized values.
 *
 * The first bytes of HMAC-SHA256 over name NUL value NUL of each present field that the provider is sent (not
 * PROVIDER_NO_SLOT; of a list with first_only its first item), in field-table order, then of the job's own
 * fields, by name, and of the parts of its documents, in the job's order. The value of a document is the
 * SHA-256 of its file's content, in hexadecimal, where the record has it, else its text (a URL). The digest
 * does not cover the JSON, so a version that writes JSON differently changes nothing; nor client_identifier's
 * calculated_at. FINGERPRINT_VERSION counts changes of this rule (meta.digest_version). The key is not in the
 * ledger, so a copy of the ledger alone reveals no data. Thread: one at a time per object; a rule worker has
 * its own.
 */
#ifndef KYC_LEDGER_FINGERPRINT_H
#define KYC_LEDGER_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "model/provider_fields.h"
#include "model/record.h"

enum {
    FINGERPRINT_KEY_LEN = 32,
    FINGERPRINT_LEN =
        RECORD_DIGEST_LEN,      /* a record that changed looks unchanged once in 2^64 (ledger_brief.digest) */
    FINGERPRINT_MEMBER_LEN = 6, /* a member that changed, once in 2^48 */
    FINGERPRINT_MEMBER_ABSENT = 0, /* every byte of the digest of a member without a value */
    FINGERPRINT_VERSION = 2,
    FINGERPRINT_IDENTITY_LEN = 10,
    FINGERPRINT_IDENTITY_VERSION = 1, /* the first byte of an identity digest */
};

struct fingerprint;

struct fingerprint *fingerprint_new(const uint8_t key[FINGERPRINT_KEY_LEN],
                                    const struct provider_fields *fields);
void fingerprint_free(struct fingerprint *fingerprint);

/* Of the whole record. */
void fingerprint_record(struct fingerprint *fingerprint, const struct record *record,
                        uint8_t out[FINGERPRINT_LEN]);
/* Of each top-level member, by its slot: out has slot_count × FINGERPRINT_MEMBER_LEN bytes; a member without
 * any value is zero bytes. Only for records that are to be sent. */
void fingerprint_members(struct fingerprint *fingerprint, const struct record *record, uint8_t *out);
/* The digest of a member among stored ones; NULL: none (an adopted user, or a member added to the provider's
 * table since). */
const uint8_t *fingerprint_member(struct slice digests, size_t member);
/* True if every byte is this one: FINGERPRINT_MEMBER_ABSENT, LEDGER_MEMBER_UNKNOWN. */
bool fingerprint_member_is(const uint8_t *digest, uint8_t byte);
/* Of the e-mail with its ASCII letters in lower case, whatever the provider's table: providers may store it
 * so, and their users are recognized by this digest. Zero bytes without an e-mail. */
void fingerprint_email(struct fingerprint *fingerprint, const struct record *record,
                       uint8_t out[FINGERPRINT_MEMBER_LEN]);

/* Identifies the person or company of a record, whatever its external_id: the version of the rule in one
 * byte, then 9 bytes of the HMAC over e-mail in lower case (ASCII), first name, last name, company name and
 * birth date. False, and nothing is written, unless it has e-mail, a name (first and last, or a company's)
 * and birth date: relatives share any two of them. */
bool fingerprint_identity(struct fingerprint *fingerprint, const struct record *record,
                          uint8_t out[FINGERPRINT_IDENTITY_LEN]);
/* The same values as a hash of this process (hash_table_hash), for a check without a ledger's key. 0: none;
 * else *text: the values as one text, in arena. */
uint64_t fingerprint_identity_hash(const struct record *record, struct arena *arena, struct slice *text);

#endif
