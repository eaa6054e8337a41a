#include "provider/document_payload.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/digest.h"
#include "core/json.h"
#include "model/media.h"
#include "provider/document_file.h"

enum { VERIFIER_MAX = 200, METADATA_MAX = 64 * 1024, BOUNDARY_SIZE = 2 * 16 + 12 };

const char *const document_payload_types[] = {
    "drivers_license", "id_card",      "passport", "residence_card", "special_permanent_residence_card",
    "tax_return",      "utility_bill", NULL,
};

/* A file of a document: its member in the body with URLs, and its part of a form. */
struct part {
    const char *url_member, *form_name;
    struct slice file;
};

/* Of enum provider_document_kind. */
static const struct {
    const char *type, *url_member, *form_name;
} kinds[] = {
    [PROVIDER_DOCUMENT_IDENTITY] = {"identity_document", "front_url", "front"},
    [PROVIDER_DOCUMENT_RESIDENCE] = {"residence_document", "document_url", "document"},
    [PROVIDER_DOCUMENT_SELFIE] = {"selfie", "selfie_url", "selfie"},
};

bool document_payload_accepts_verifier(const char *text, char fault[PROVIDER_SETTINGS_FAULT_SIZE])
{
    size_t len = strlen(text);
    bool is_plain = len > 0 && len <= VERIFIER_MAX;

    for (size_t i = 0; i < len; i++)
        is_plain = is_plain && (unsigned char)text[i] >= ' ';
    if (!is_plain)
        snprintf(fault, PROVIDER_SETTINGS_FAULT_SIZE,
                 "must be the name of who checks documents, at most %d bytes", VERIFIER_MAX);
    return is_plain;
}

/* The parts of a document, without those that are empty. A passport has no back: with one the provider
 * refuses it. */
static size_t list_parts(const struct provider_document *document, struct part parts[2])
{
    size_t count = 0;
    parts[count++] =
        (struct part){kinds[document->kind].url_member, kinds[document->kind].form_name, document->file};
    if (document->kind == PROVIDER_DOCUMENT_IDENTITY && document->back.len > 0 &&
        !slice_is(document->type, "passport"))
        parts[count++] = (struct part){"back_url", "back", document->back};
    return count;
}

bool document_payload_has_urls(const struct provider_document *document)
{
    struct part parts[2];
    size_t count = list_parts(document, parts);
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all = all && media_is_url(parts[i].file);
    return all;
}

static struct slice value_of(const struct record *record, enum field_id field)
{
    const struct value *value = &record->values[field];
    return value->state == VALUE_PRESENT ? value->text : slice_make("", 0);
}

static void write_member(struct json_writer *writer, const char *key, struct slice text)
{
    if (text.len > 0)
        json_write_member(writer, key, text);
}

/* The person whose document it is, as the customer's record says. */
static void write_identity(const struct provider_call *call, enum document_payload_birth birth,
                           struct json_writer *writer)
{
    const struct record *record = call->record;
    json_write_object(writer);
    json_write_key(writer, "full_name");
    json_write_object(writer);
    write_member(writer, "first_name", value_of(record, FIELD_FIRST_NAME));
    write_member(writer, "middle_name", value_of(record, FIELD_MIDDLE_NAME));
    write_member(writer, "last_name", value_of(record, FIELD_LAST_NAME));
    json_write_object_end(writer);
    if (birth == DOCUMENT_PAYLOAD_BIRTH_OBJECT) {
        json_write_key(writer, "birth");
        json_write_object(writer);
        write_member(writer, "date", value_of(record, FIELD_DATE_OF_BIRTH));
        json_write_object_end(writer);
    } else {
        write_member(writer, "date_of_birth", value_of(record, FIELD_DATE_OF_BIRTH));
    }
    json_write_object_end(writer);
}

static void write_metadata(const struct provider_call *call, enum document_payload_birth birth,
                           struct json_writer *writer)
{
    const struct provider_document *document = call->document;
    char time[CLOCK_RFC3339_SIZE];
    json_write_object(writer);
    json_write_key(writer, "identity");
    write_identity(call, birth, writer);
    json_write_member(writer, "document_type", document->type);
    json_write_member(writer, "document_number", document->number);
    json_write_member(writer, "issuing_country", document->country);
    json_write_member(writer, "verifier",
                      slice_from(job_setting_text(&call->job->provider, SETTING_VERIFIER)));
    json_write_member(writer, "verified_at", slice_from(clock_rfc3339(call->journalled_ns, time)));
    write_member(writer, "nationality", record_first_item(value_of(call->record, FIELD_NATIONALITIES)));
    write_member(writer, "expiration_date", document->expiry);
    json_write_object_end(writer);
}

const char *document_payload_write_urls(const struct provider_call *call, enum document_payload_birth birth,
                                        struct provider_request *request)
{
    struct part parts[2];
    size_t count = list_parts(call->document, parts);
    struct json_writer writer;

    json_write_begin(&writer, &request->body);
    json_write_object(&writer);
    json_write_member(&writer, "type", slice_from(kinds[call->document->kind].type));
    json_write_key(&writer, "metadata");
    write_metadata(call, birth, &writer);
    for (size_t i = 0; i < count; i++)
        json_write_member(&writer, parts[i].url_member, parts[i].file);
    json_write_object_end(&writer);
    return NULL;
}

static void begin_part(struct buffer *body, const char *boundary, const char *name)
{
    buffer_printf(body, "--%s\r\nContent-Disposition: form-data; name=\"%s\"", boundary, name);
}

/* The name that a file has in the form: by what it is. Its own may say whose it is. */
static const char *extension_of(const char *type)
{
    return strcmp(type, "image/jpeg") == 0 ? "jpg" : strcmp(type, "image/png") == 0 ? "png" : "pdf";
}

static const char *append_file(const struct provider_call *call, const char *boundary,
                               const struct part *part, struct buffer *body)
{
    struct buffer content;
    const char *type = NULL;
    const char *fault = NULL;

    buffer_init_wiped(&content, MEDIA_MAX);
    if (media_is_url(part->file))
        fault = "a document has URLs and paths; all its files must be of one kind";
    else
        fault = document_file_read(&call->job->provider, part->file, &content, &type);
    if (!fault) {
        begin_part(body, boundary, part->form_name);
        buffer_printf(body, "; filename=\"%s.%s\"\r\nContent-Type: %s\r\n\r\n", part->form_name,
                      extension_of(type), type);
        buffer_append(body, buffer_slice(&content));
        buffer_append_text(body, "\r\n");
    }
    buffer_clear(&content);
    return fault;
}

/* What no part contains, except by a chance of 2^-128: a digest of the metadata. The same document has the
 * same. */
static void make_boundary(struct slice metadata, char boundary[BOUNDARY_SIZE])
{
    uint8_t hash[DIGEST_SHA256_LEN];
    char hex[2 * 16 + 1];
    digest_sha256(SLICE_LITERAL("form boundary"), metadata, hash);
    snprintf(boundary, BOUNDARY_SIZE, "kyc-import-%s", digest_hex(hash, 16, hex));
}

const char *document_payload_write_form(const struct provider_call *call, enum document_payload_birth birth,
                                        struct provider_request *request)
{
    struct part parts[2];
    size_t count = list_parts(call->document, parts);
    struct buffer metadata, *body = &request->body;
    char boundary[BOUNDARY_SIZE];
    struct json_writer writer;
    const char *fault = NULL;

    buffer_init_wiped(&metadata, METADATA_MAX);
    json_write_begin(&writer, &metadata);
    write_metadata(call, birth, &writer);
    make_boundary(buffer_slice(&metadata), boundary);
    begin_part(body, boundary, "type");
    buffer_printf(body, "\r\n\r\n%s\r\n", kinds[call->document->kind].type);
    begin_part(body, boundary, "metadata");
    buffer_append_text(body, "\r\nContent-Type: application/json\r\n\r\n");
    buffer_append(body, buffer_slice(&metadata));
    buffer_append_text(body, "\r\n");
    for (size_t i = 0; i < count && !fault; i++)
        fault = append_file(call, boundary, &parts[i], body);
    buffer_printf(body, "--%s--\r\n", boundary);
    snprintf(request->content_type, sizeof request->content_type, "multipart/form-data; boundary=%s",
             boundary);
    buffer_clear(&metadata);
    return fault;
}
