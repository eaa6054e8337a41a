#include "provider/kira_payload.h"

#include <stdlib.h>

#include "core/digest.h"
#include "core/json.h"
#include "core/memory.h"
#include "model/document_entry.h"
#include "provider/document_file.h"
#include "provider/payload.h"

static bool is_present(const struct record *record, enum field_id field)
{
    return record->values[field].state == VALUE_PRESENT;
}

/* The file as `data:image/png;base64,…`, appended to uri. */
static const char *write_data_uri(const struct job_provider *provider, struct slice path, struct buffer *uri)
{
    struct buffer content;
    const char *type;
    buffer_init(&content, MEDIA_MAX);
    const char *fault = document_file_read(provider, path, &content, &type);
    if (!fault) {
        char *text = memory_new(4 * ((content.len + 2) / 3) + 1, 1);
        size_t len = digest_base64_encode((const uint8_t *)content.data, content.len, text);
        buffer_printf(uri, "data:%s;base64,", type);
        buffer_append(uri, slice_make(text, len));
        free(text);
    }
    buffer_clear(&content);
    return fault;
}

/* {"type": kind, "file": …} */
static const char *write_document(const struct provider_call *call, struct slice kind, struct slice document,
                                  struct json_writer *writer)
{
    struct buffer uri;
    buffer_init(&uri, KIRA_BODY_MAX);
    const char *fault = NULL;
    if (media_is_url(document) || media_is_data_uri(document))
        buffer_append(&uri, document);
    else
        fault = write_data_uri(&call->job->provider, document, &uri);
    if (!fault) {
        json_write_object(writer);
        json_write_key(writer, "type");
        json_write_string(writer, kind);
        json_write_key(writer, "file");
        json_write_string(writer, buffer_slice(&uri));
        json_write_object_end(writer);
    }
    if (uri.overflowed)
        fault = "a document is larger than the 10 MB that the whole request may have";
    buffer_clear(&uri);
    return fault;
}

static const char *write_side(const struct provider_call *call, enum field_id field, const char *side,
                              struct json_writer *writer)
{
    return is_present(call->record, field)
               ? write_document(call, slice_from(side), call->record->values[field].text, writer)
               : NULL;
}

/* The document of the fields document_*, where the record has one. */
static const char *write_flat(const struct provider_call *call, const struct provider_field *rows,
                              size_t count, struct json_writer *writer)
{
    const char *fault = NULL;
    bool has_file =
        is_present(call->record, FIELD_DOCUMENT_FRONT) || is_present(call->record, FIELD_DOCUMENT_BACK);
    bool any = has_file;
    for (size_t i = 0; i < count; i++)
        any |= rows[i].key && is_present(call->record, rows[i].field);
    if (!any)
        return NULL;
    json_write_object(writer);
    payload_write_keys(call, rows, count, writer);
    if (has_file) {
        json_write_key(writer, "documents");
        json_write_array(writer);
        fault = write_side(call, FIELD_DOCUMENT_FRONT, "front", writer);
        if (!fault)
            fault = write_side(call, FIELD_DOCUMENT_BACK, "back", writer);
        json_write_array_end(writer);
    }
    json_write_object_end(writer);
    return fault;
}

static void write_text(struct json_writer *writer, const char *key, struct slice text)
{
    if (text.len == 0)
        return;
    json_write_key(writer, key);
    json_write_string(writer, text);
}

static const char *write_files(const struct provider_call *call, const struct document_entry *entry,
                               struct json_writer *writer)
{
    struct document_file file;
    enum field_id field = entry->first;
    const char *fault = NULL;
    if (!document_entry_file(call->record, entry, &field, &file))
        return NULL;
    json_write_key(writer, "documents");
    json_write_array(writer);
    do
        fault = write_document(call, file.kind, file.text, writer);
    while (!fault && document_entry_file(call->record, entry, &field, &file));
    json_write_array_end(writer);
    return fault;
}

/* A document without files. */
static void write_number(struct json_writer *writer, const char *type, struct slice country,
                         struct slice number)
{
    json_write_object(writer);
    write_text(writer, "type", slice_from(type));
    write_text(writer, "issuing_country", payload_alpha3(country));
    write_text(writer, "number", number);
    json_write_object_end(writer);
}

static const char *write_entries(const struct provider_call *call, struct json_writer *writer)
{
    struct document_entry entry;
    enum field_id field = FIELD_COUNT;
    const char *fault = NULL;
    while (!fault && document_entry_next(call->record, &field, &entry)) {
        json_write_object(writer);
        write_text(writer, "type", entry.type);
        write_text(writer, "issuing_country", payload_alpha3(entry.country));
        write_text(writer, "number", entry.number);
        write_text(writer, "expiration", entry.expiry);
        fault = write_files(call, &entry, writer);
        json_write_object_end(writer);
    }
    return fault;
}

/* The tax numbers, each with its country: by default the customer's. */
static void write_tax_ids(const struct record *record, struct json_writer *writer)
{
    static const struct slice none = SLICE_LITERAL("");
    struct slice ids = record->values[FIELD_TAX_ID].text, id, country;
    struct slice countries =
        is_present(record, FIELD_TAX_COUNTRY) ? record->values[FIELD_TAX_COUNTRY].text : slice_make(NULL, 0);
    while (record_next_item(&ids, &id)) {
        if (!record_next_item(&countries, &country) || country.len == 0)
            country = is_present(record, FIELD_COUNTRY) ? record->values[FIELD_COUNTRY].text : none;
        write_number(writer, DOCUMENT_TYPE_TAX_ID, country, id);
    }
}

/* [{"type", …, "documents": [{"type": "front", "file": …}, …]}, …]: the document of the fields document_*,
 * the job's entries, and what national_id or tax_id make. */
static const char *write_information(const struct provider_call *call, const struct provider_field *rows,
                                     size_t count, struct json_writer *writer)
{
    const struct record *record = call->record;
    json_write_array(writer);
    const char *fault = write_flat(call, rows, count, writer);
    if (!fault)
        fault = write_entries(call, writer);
    if (document_entry_is_implied(record, FIELD_NATIONAL_ID))
        write_number(writer, DOCUMENT_TYPE_SSN, SLICE_LITERAL("US"), record->values[FIELD_NATIONAL_ID].text);
    if (document_entry_is_implied(record, FIELD_TAX_ID))
        write_tax_ids(record, writer);
    json_write_array_end(writer);
    return fault;
}

const char *kira_payload_write(const struct provider_fields *fields, const struct provider_call *call,
                               struct buffer *out)
{
    const char *fault = payload_write(fields, call, write_information, out);
    if (!fault && (out->overflowed || out->len > KIRA_BODY_MAX))
        fault = "the request with its documents is larger than 10 MB, the provider's maximum";
    return fault;
}
