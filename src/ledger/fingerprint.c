#include "ledger/fingerprint.h"

#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "core/digest.h"
#include "core/hash_table.h"
#include "core/memory.h"
#include "model/document_entry.h"

/* Input of the HMAC is collected: one call of a few hundred bytes costs a tenth of sixty short ones. */
enum { SCRATCH_SIZE = 4096 };

/* A row whose values are digested. */
struct digested {
    const struct provider_field *row;
    struct slice name; /* with its NUL; of a group: of no use */
};

struct fingerprint {
    struct digest_hmac *hmac;
    const struct provider_fields *fields;
    struct digested *rows; /* in the order of field ids, the groups last */
    size_t row_count;
    size_t len;
    char scratch[SCRATCH_SIZE];
};

/* FIELD_NONE, of a group, is the last. */
static int compare_rows(const void *left, const void *right)
{
    const struct provider_field *row = ((const struct digested *)left)->row,
                                *other = ((const struct digested *)right)->row;

    if (row->field != other->field)
        return row->field < other->field ? -1 : 1;
    return (int)row->group - (int)other->group;
}

struct fingerprint *fingerprint_new(const uint8_t key[FINGERPRINT_KEY_LEN],
                                    const struct provider_fields *fields)
{
    struct fingerprint *fingerprint = memory_new(1, sizeof *fingerprint);
    fingerprint->hmac = digest_hmac_new(DIGEST_SHA256, slice_make((const char *)key, FINGERPRINT_KEY_LEN));
    fingerprint->fields = fields;
    fingerprint->rows = memory_new(fields->field_count, sizeof *fingerprint->rows);
    for (size_t i = 0; i < fields->field_count; i++) {
        const struct provider_field *row = &fields->fields[i];
        const char *name = field_name(row->field);
        if (row->slot != PROVIDER_NO_SLOT && !row->copy && !row->undigested)
            fingerprint->rows[fingerprint->row_count++] =
                (struct digested){row, slice_make(name, strlen(name) + 1)};
    }
    qsort(fingerprint->rows, fingerprint->row_count, sizeof *fingerprint->rows, compare_rows);
    return fingerprint;
}

void fingerprint_free(struct fingerprint *fingerprint)
{
    if (!fingerprint)
        return;
    digest_hmac_free(fingerprint->hmac);
    free(fingerprint->rows);
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
    size_t document = record->document_digest ? field_document(field) : FIELD_NO_DOCUMENT;
    return document != FIELD_NO_DOCUMENT ? record->document_digest[document] : NULL;
}

static bool has_value(const struct record *record, const struct provider_field *row)
{
    enum field_id own = FIELD_COUNT;
    if (row->field == FIELD_NONE)
        return record_find_own(record, row->group, &own);
    return row->form == PAYLOAD_ENTRY ? document_entry_is_implied(record, row->field)
                                      : record->values[row->field].state == VALUE_PRESENT;
}

/* text: of the field, as it is sent. */
static void add_field(struct fingerprint *fingerprint, const struct record *record, enum field_id field,
                      struct slice name, struct slice text)
{
    const uint8_t *digest = document_digest(record, field);
    if (digest)
        add_document(fingerprint, name, digest);
    else
        add_value(fingerprint, name, text);
}

/* Own fields have ids in the order of their names, the parts of documents in that of the job. */
static void add_group(struct fingerprint *fingerprint, const struct record *record, enum field_group group)
{
    for (enum field_id field = FIELD_COUNT; record_find_own(record, group, &field); field++) {
        const char *name = field_name(field);
        add_field(fingerprint, record, field, slice_make(name, strlen(name) + 1), record->values[field].text);
    }
}

/* The values of a row that has any. */
static void add_row(struct fingerprint *fingerprint, const struct record *record,
                    const struct digested *digested)
{
    const struct provider_field *row = digested->row;
    if (row->field == FIELD_NONE) {
        add_group(fingerprint, record, row->group);
        return;
    }
    struct slice text = record->values[row->field].text;
    add_field(fingerprint, record, row->field, digested->name,
              row->first_only ? record_first_item(text) : text);
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
    for (size_t i = 0; i < fingerprint->row_count; i++)
        if (has_value(record, fingerprint->rows[i].row))
            add_row(fingerprint, record, &fingerprint->rows[i]);
    end(fingerprint, out, FINGERPRINT_LEN);
}

void fingerprint_members(struct fingerprint *fingerprint, const struct record *record, uint8_t *out)
{
    for (size_t slot = 0; slot < fingerprint->fields->slot_count; slot++) {
        uint8_t *digest = out + slot * FINGERPRINT_MEMBER_LEN;
        bool any = false;
        for (size_t i = 0; i < fingerprint->row_count; i++) {
            const struct digested *digested = &fingerprint->rows[i];
            if (digested->row->slot != slot || !has_value(record, digested->row))
                continue;
            if (!any)
                digest_hmac_begin(fingerprint->hmac);
            any = true;
            add_row(fingerprint, record, digested);
        }
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
    const struct value *value = &record->values[field_identity[i]];

    return value->state == VALUE_PRESENT ? value->text : slice_make("", 0);
}

static size_t identity_len(const struct record *record)
{
    size_t len = 0;

    for (size_t i = 0; i < FIELD_IDENTITY_COUNT; i++)
        len += identity_value(record, i).len + 1;
    return len;
}

/* Each value and a NUL, the e-mail in lower case: identity_len bytes. */
static void write_identity(const struct record *record, char *out)
{
    for (size_t i = 0; i < FIELD_IDENTITY_COUNT; i++) {
        struct slice text = identity_value(record, i);
        if (field_identity[i] == FIELD_EMAIL)
            ascii_lower_copy(text, out);
        else
            memcpy(out, text.data, text.len);
        out[text.len] = '\0';
        out += text.len + 1;
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

uint64_t fingerprint_identity_hash(const struct record *record, struct arena *arena, struct slice *text)
{
    if (!has_identity(record))
        return 0;
    size_t len = identity_len(record);
    char *bytes = arena_bytes(arena, len);
    write_identity(record, bytes);
    *text = slice_make(bytes, len);
    uint64_t hash = hash_table_hash(*text);
    return hash ? hash : 1;
}
