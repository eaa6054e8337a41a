#include "ledger/fingerprint.h"

#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "core/digest.h"
#include "core/hash_table.h"
#include "core/memory.h"

/* Input of the HMAC is collected: one call of a few hundred bytes costs a tenth of sixty short ones. */
enum { SCRATCH_SIZE = 4096 };

struct fingerprint {
    struct digest_hmac *hmac;
    const struct provider_fields *fields;
    struct slice *names; /* [fields->field_count], each with its NUL */
    size_t len;
    char scratch[SCRATCH_SIZE];
};

struct fingerprint *fingerprint_new(const uint8_t key[FINGERPRINT_KEY_LEN],
                                    const struct provider_fields *fields)
{
    struct fingerprint *fingerprint = memory_new(1, sizeof *fingerprint);
    fingerprint->hmac = digest_hmac_new(DIGEST_SHA256, slice_make((const char *)key, FINGERPRINT_KEY_LEN));
    fingerprint->fields = fields;
    fingerprint->names = memory_new(fields->field_count, sizeof *fingerprint->names);
    for (size_t i = 0; i < fields->field_count; i++) {
        const char *name = field_name(fields->fields[i].field);
        fingerprint->names[i] = slice_make(name, strlen(name) + 1);
    }
    return fingerprint;
}

void fingerprint_free(struct fingerprint *fingerprint)
{
    if (!fingerprint)
        return;
    digest_hmac_free(fingerprint->hmac);
    free(fingerprint->names);
    free(fingerprint);
}

static void flush(struct fingerprint *fingerprint)
{
    digest_hmac_add(fingerprint->hmac, slice_make(fingerprint->scratch, fingerprint->len));
    fingerprint->len = 0;
}

static void add(struct fingerprint *fingerprint, struct slice bytes)
{
    if (bytes.len > SCRATCH_SIZE - fingerprint->len)
        flush(fingerprint);
    if (bytes.len > SCRATCH_SIZE) {
        digest_hmac_add(fingerprint->hmac, bytes);
    } else if (bytes.len > 0) {
        memcpy(fingerprint->scratch + fingerprint->len, bytes.data, bytes.len);
        fingerprint->len += bytes.len;
    }
}

static void add_value(struct fingerprint *fingerprint, struct slice name, struct slice value)
{
    add(fingerprint, name);
    add(fingerprint, value);
    add(fingerprint, slice_make("", 1));
}

static void add_document(struct fingerprint *fingerprint, struct slice name, const uint8_t *digest)
{
    char hex[2 * RECORD_DOCUMENT_DIGEST_LEN + 1];
    add_value(fingerprint, name, slice_from(digest_hex(digest, RECORD_DOCUMENT_DIGEST_LEN, hex)));
}

static const uint8_t *document_digest(const struct record *record, enum field_id field)
{
    size_t document = field_document(field);
    return document < FIELD_DOCUMENTS ? record->document_digest[document] : NULL;
}

/* True when the field has a value, and was added. */
static bool add_field(struct fingerprint *fingerprint, const struct record *record, size_t i)
{
    const struct provider_field *field = &fingerprint->fields->fields[i];
    const struct value *value = &record->values[field->field];
    if (value->state != VALUE_PRESENT || field->member == PROVIDER_NO_MEMBER)
        return false;
    const uint8_t *digest = document_digest(record, field->field);
    if (digest) {
        add_document(fingerprint, fingerprint->names[i], digest);
        return true;
    }
    struct slice text = field->first_only ? record_first_item(value->text) : value->text;
    add_value(fingerprint, fingerprint->names[i], text);
    return true;
}

/* Own fields have ids in the order of their names. */
static bool add_own_field(struct fingerprint *fingerprint, const struct record *record, enum field_id field)
{
    const struct provider_field *place = provider_fields_find(fingerprint->fields, field);
    const struct value *value = &record->values[field];
    if (!place || value->state != VALUE_PRESENT)
        return false;
    const char *name = field_name(field);
    add_value(fingerprint, slice_make(name, strlen(name) + 1), value->text);
    return true;
}

/* out: the first len bytes of the digest. */
static void end(struct fingerprint *fingerprint, uint8_t *out, size_t len)
{
    uint8_t digest[DIGEST_SHA256_LEN];
    flush(fingerprint);
    digest_hmac_end(fingerprint->hmac, digest);
    memcpy(out, digest, len);
}

void fingerprint_record(struct fingerprint *fingerprint, const struct record *record,
                        uint8_t out[FINGERPRINT_LEN])
{
    digest_hmac_begin(fingerprint->hmac);
    for (size_t i = 0; i < fingerprint->fields->field_count; i++)
        add_field(fingerprint, record, i);
    for (size_t field = FIELD_COUNT; field < field_count(); field++)
        add_own_field(fingerprint, record, (enum field_id)field);
    end(fingerprint, out, FINGERPRINT_LEN);
}

/* The job's own fields of one member; begun: the digest covers a value already. */
static bool add_own_fields(struct fingerprint *fingerprint, const struct record *record, size_t member,
                           bool begun)
{
    for (size_t i = FIELD_COUNT; i < field_count(); i++) {
        enum field_id field = (enum field_id)i;
        const struct provider_field *place = provider_fields_find(fingerprint->fields, field);
        if (!place || place->member != member || record->values[field].state != VALUE_PRESENT)
            continue;
        if (!begun)
            digest_hmac_begin(fingerprint->hmac);
        begun = add_own_field(fingerprint, record, field);
    }
    return begun;
}

void fingerprint_members(struct fingerprint *fingerprint, const struct record *record, uint8_t *out)
{
    const struct provider_fields *fields = fingerprint->fields;
    for (size_t member = 0; member < fields->member_count; member++) {
        uint8_t *digest = out + member * FINGERPRINT_MEMBER_LEN;
        bool any = false;
        for (size_t i = 0; i < fields->field_count; i++) {
            if (fields->fields[i].member != member)
                continue;
            if (!any && record->values[fields->fields[i].field].state == VALUE_PRESENT)
                digest_hmac_begin(fingerprint->hmac);
            any = add_field(fingerprint, record, i) || any;
        }
        any = add_own_fields(fingerprint, record, member, any);
        if (any)
            end(fingerprint, digest, FINGERPRINT_MEMBER_LEN);
        else
            memset(digest, FINGERPRINT_MEMBER_ABSENT, FINGERPRINT_MEMBER_LEN);
    }
}

const uint8_t *fingerprint_member(struct slice digests, size_t member)
{
    size_t offset = member * FINGERPRINT_MEMBER_LEN;

    return offset + FINGERPRINT_MEMBER_LEN <= digests.len ? (const uint8_t *)digests.data + offset : NULL;
}

bool fingerprint_member_is(const uint8_t *digest, uint8_t byte)
{
    for (size_t i = 0; i < FINGERPRINT_MEMBER_LEN; i++)
        if (digest[i] != byte)
            return false;
    return true;
}

void fingerprint_email(struct fingerprint *fingerprint, const struct record *record,
                       uint8_t out[FINGERPRINT_MEMBER_LEN])
{
    const struct value *email = &record->values[FIELD_EMAIL];

    memset(out, FINGERPRINT_MEMBER_ABSENT, FINGERPRINT_MEMBER_LEN);
    if (email->state != VALUE_PRESENT)
        return;
    digest_hmac_begin(fingerprint->hmac);
    add(fingerprint, slice_make("email", sizeof "email"));
    for (size_t i = 0; i < email->text.len; i++) {
        char byte = ascii_lower(email->text.data[i]);
        add(fingerprint, slice_make(&byte, 1));
    }
    add(fingerprint, slice_make("", 1));
    end(fingerprint, out, FINGERPRINT_MEMBER_LEN);
}

/* In the order in which they are digested. */
static const enum field_id identity_fields[] = {
    FIELD_EMAIL, FIELD_FIRST_NAME, FIELD_LAST_NAME, FIELD_COMPANY_NAME, FIELD_DATE_OF_BIRTH,
};

static bool has_identity(const struct record *record)
{
    const struct value *values = record->values;
    bool has_name =
        (values[FIELD_FIRST_NAME].state == VALUE_PRESENT && values[FIELD_LAST_NAME].state == VALUE_PRESENT) ||
        values[FIELD_COMPANY_NAME].state == VALUE_PRESENT;

    return has_name && values[FIELD_EMAIL].state == VALUE_PRESENT &&
           values[FIELD_DATE_OF_BIRTH].state == VALUE_PRESENT;
}

static struct slice identity_value(const struct record *record, size_t i)
{
    const struct value *value = &record->values[identity_fields[i]];

    return value->state == VALUE_PRESENT ? value->text : slice_make("", 0);
}

static size_t identity_len(const struct record *record)
{
    size_t len = 0;

    for (size_t i = 0; i < sizeof identity_fields / sizeof *identity_fields; i++)
        len += identity_value(record, i).len + 1;
    return len;
}

/* Each value and a NUL, the e-mail in lower case: identity_len bytes. */
static void write_identity(const struct record *record, char *out)
{
    for (size_t i = 0; i < sizeof identity_fields / sizeof *identity_fields; i++) {
        struct slice text = identity_value(record, i);
        for (size_t offset = 0; offset < text.len; offset++) {
            bool is_email = identity_fields[i] == FIELD_EMAIL;
            *out++ = is_email ? ascii_lower(text.data[offset]) : text.data[offset];
        }
        *out++ = '\0';
    }
}

bool fingerprint_identity(struct fingerprint *fingerprint, const struct record *record,
                          uint8_t out[FINGERPRINT_IDENTITY_LEN])
{
    static const char domain[] = "identity"; /* not the name of a field */
    uint8_t digest[DIGEST_SHA256_LEN];

    if (!has_identity(record))
        return false;
    size_t len = identity_len(record);
    char *text = len <= SCRATCH_SIZE ? fingerprint->scratch : memory_new(len, 1);
    write_identity(record, text);
    digest_hmac_begin(fingerprint->hmac);
    digest_hmac_add(fingerprint->hmac, slice_make(domain, sizeof domain));
    digest_hmac_add(fingerprint->hmac, slice_make(text, len));
    digest_hmac_end(fingerprint->hmac, digest);
    if (text != fingerprint->scratch)
        free(text);
    out[0] = FINGERPRINT_IDENTITY_VERSION;
    memcpy(out + 1, digest, FINGERPRINT_IDENTITY_LEN - 1);
    return true;
}

uint64_t fingerprint_identity_hash(const struct record *record, struct arena *arena)
{
    if (!has_identity(record))
        return 0;
    size_t len = identity_len(record);
    char *text = arena_bytes(arena, len);
    write_identity(record, text);
    uint64_t hash = hash_table_hash(slice_make(text, len));
    return hash ? hash : 1;
}
