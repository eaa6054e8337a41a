#include "provider/kira_payload.h"

#include <errno.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/safe_open.h"
#include "provider/fields.h"
#include "provider/payload.h"

static const struct payload_row rows[] = {
    {"first_name", NULL, FIELD_FIRST_NAME, PAYLOAD_TEXT},
    {"last_name", NULL, FIELD_LAST_NAME, PAYLOAD_TEXT},
    {"middle_name", NULL, FIELD_MIDDLE_NAME, PAYLOAD_TEXT},
    {"email", NULL, FIELD_EMAIL, PAYLOAD_TEXT},
    {"phone", NULL, FIELD_PHONE, PAYLOAD_TEXT},
    {"birth_date", NULL, FIELD_DATE_OF_BIRTH, PAYLOAD_TEXT},
    {"nationality", NULL, FIELD_NATIONALITIES, PAYLOAD_ALPHA3},
    {"gender", NULL, FIELD_GENDER, PAYLOAD_TEXT},
    {"external_id", NULL, FIELD_EXTERNAL_ID, PAYLOAD_TEXT},
    {"address_street", NULL, FIELD_ADDRESS_LINE1, PAYLOAD_TEXT},
    {"address_street_2", NULL, FIELD_ADDRESS_LINE2, PAYLOAD_TEXT},
    {"address_city", NULL, FIELD_CITY, PAYLOAD_TEXT},
    {"address_state", NULL, FIELD_STATE, PAYLOAD_TEXT},
    {"address_zip_code", NULL, FIELD_POSTAL_CODE, PAYLOAD_TEXT},
    {"address_country", NULL, FIELD_COUNTRY, PAYLOAD_ALPHA3},
    {"verification_mode", NULL, FIELD_VERIFICATION_MODE, PAYLOAD_TEXT},
    {"redirect_uri", NULL, FIELD_REDIRECT_URI, PAYLOAD_TEXT},
    {"language", NULL, FIELD_LANGUAGE, PAYLOAD_TEXT},
    {"pep_status", NULL, FIELD_PEP_STATUS, PAYLOAD_BOOL},
    {"occupation", NULL, FIELD_OCCUPATION, PAYLOAD_TEXT},
    {"employment_status", NULL, FIELD_EMPLOYMENT_STATUS, PAYLOAD_TEXT},
    {"current_employer", NULL, FIELD_EMPLOYER_NAME, PAYLOAD_TEXT},
    {"income_source", NULL, FIELD_INCOME_SOURCE, PAYLOAD_TEXT},
    {"immigration_status", NULL, FIELD_IMMIGRATION_STATUS, PAYLOAD_TEXT},
    /* These go with identifying_information, whose fields they are. */
    {"document_type", NULL, FIELD_DOCUMENT_TYPE, PAYLOAD_TEXT},
    {"document_number", NULL, FIELD_DOCUMENT_NUMBER, PAYLOAD_TEXT},
    {"document_country", NULL, FIELD_DOCUMENT_COUNTRY, PAYLOAD_ALPHA3},
    {"source_of_funds", NULL, FIELD_SOURCE_OF_FUNDS, PAYLOAD_TEXT},
    {"account_purpose", NULL, FIELD_ACCOUNT_PURPOSE, PAYLOAD_TEXT},
    {"expected_monthly_payments", NULL, FIELD_EXPECTED_MONTHLY_PAYMENTS, PAYLOAD_TEXT},
    {"expected_monthly_volume", NULL, FIELD_EXPECTED_MONTHLY_VOLUME, PAYLOAD_TEXT},
    {"expected_transaction_count", NULL, FIELD_EXPECTED_TRANSACTION_COUNT, PAYLOAD_TEXT},
};

static const struct payload payload = {
    .rows = rows, .row_count = sizeof rows / sizeof *rows, .fields = &kira_fields};

static const struct payload_row information_rows[] = {
    {"type", NULL, FIELD_DOCUMENT_TYPE, PAYLOAD_TEXT},
    {"issuing_country", NULL, FIELD_DOCUMENT_COUNTRY, PAYLOAD_ALPHA3},
    {"number", NULL, FIELD_DOCUMENT_NUMBER, PAYLOAD_TEXT},
    {"expiration", NULL, FIELD_DOCUMENT_EXPIRY, PAYLOAD_TEXT},
};

static const struct payload information = {.rows = information_rows,
                                           .row_count = sizeof information_rows / sizeof *information_rows,
                                           .fields = &kira_fields};

static bool is_present(const struct record *record, enum field_id field)
{
    return record->values[field].state == VALUE_PRESENT;
}

static const char *file_fault(int reason)
{
    switch (reason) {
    case EFBIG:
        return "a document is larger than the 10 MB that the whole request may have";
    case EXDEV:
    case EINVAL:
    case ELOOP:
        return "a document is not a regular file inside provider.documents";
    case ENOENT:
        return "a document is not in provider.documents";
    default:
        return "a document cannot be read from provider.documents";
    }
}

/* The file as `data:image/png;base64,…`, appended to uri. */
static const char *write_data_uri(const char *folder, struct slice path, struct buffer *uri)
{
    struct buffer content;
    buffer_init(&content, MEDIA_MAX);
    const char *fault = NULL, *type = NULL;
    if (safe_open_read(folder, path, &content) != 0)
        fault = file_fault(errno);
    else if (!(type = media_type(buffer_slice(&content))))
        fault = "a document is neither JPEG nor PNG nor PDF";
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

static const char *write_document(const struct provider_call *call, enum field_id field, const char *side,
                                  struct json_writer *writer)
{
    if (!is_present(call->record, field))
        return NULL;
    struct slice document = call->record->values[field].text;
    struct buffer uri;
    buffer_init(&uri, KIRA_BODY_MAX);
    const char *fault = NULL;
    if (media_is_url(document))
        buffer_append(&uri, document);
    else if (!call->job->provider.documents)
        fault = "a document is named by a path, but the job has no provider.documents";
    else
        fault = write_data_uri(call->job->provider.documents, document, &uri);
    if (!fault) {
        json_write_object(writer);
        json_write_key(writer, "type");
        json_write_text(writer, side);
        json_write_key(writer, "file");
        json_write_string(writer, buffer_slice(&uri));
        json_write_object_end(writer);
    }
    if (uri.overflowed)
        fault = file_fault(EFBIG);
    buffer_clear(&uri);
    return fault;
}

static const char *write_information(const struct provider_call *call, struct json_writer *writer)
{
    static const enum field_id parts[] = {FIELD_DOCUMENT_TYPE,    FIELD_DOCUMENT_NUMBER,
                                          FIELD_DOCUMENT_COUNTRY, FIELD_DOCUMENT_EXPIRY,
                                          FIELD_DOCUMENT_FRONT,   FIELD_DOCUMENT_BACK};
    bool any = false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        any |= is_present(call->record, parts[i]);
    if (!any || !payload_has(call, KIRA_IDENTIFYING_INFORMATION))
        return NULL;

    const char *fault = NULL;
    json_write_key(writer, "identifying_information");
    json_write_array(writer);
    json_write_object(writer);
    payload_write_members(&information, call, writer);
    if (is_present(call->record, FIELD_DOCUMENT_FRONT) || is_present(call->record, FIELD_DOCUMENT_BACK)) {
        json_write_key(writer, "documents");
        json_write_array(writer);
        fault = write_document(call, FIELD_DOCUMENT_FRONT, "front", writer);
        if (!fault)
            fault = write_document(call, FIELD_DOCUMENT_BACK, "back", writer);
        json_write_array_end(writer);
    }
    json_write_object_end(writer);
    json_write_array_end(writer);
    return fault;
}

static bool has_group(const struct record *record, enum field_group group)
{
    for (size_t i = FIELD_COUNT; i < field_count(); i++)
        if (field_group((enum field_id)i) == group && is_present(record, (enum field_id)i))
            return true;
    return false;
}

/* metadata always has the key, by which a look-up distinguishes our users from others with the same address.
 */
static void write_groups(const struct provider_call *call, struct json_writer *writer)
{
    if (payload_has(call, KIRA_ADDITIONAL_INFO) && has_group(call->record, FIELD_GROUP_ADDITIONAL_INFO)) {
        json_write_key(writer, "additional_info");
        json_write_object(writer);
        payload_write_group(call->record, FIELD_GROUP_ADDITIONAL_INFO, writer);
        json_write_object_end(writer);
    }
    if (payload_has(call, KIRA_METADATA)) {
        json_write_key(writer, "metadata");
        json_write_object(writer);
        if (is_present(call->record, FIELD_EXTERNAL_ID)) {
            json_write_key(writer, "external_id");
            json_write_string(writer, call->record->values[FIELD_EXTERNAL_ID].text);
        }
        payload_write_group(call->record, FIELD_GROUP_METADATA, writer);
        json_write_object_end(writer);
    }
}

const char *kira_payload_write(const struct provider_call *call, struct buffer *out)
{
    struct json_writer writer;
    buffer_reset(out);
    json_write_begin(&writer, out);
    json_write_object(&writer);
    if (payload_has(call, KIRA_TYPE)) {
        json_write_key(&writer, "type");
        json_write_text(&writer, "individual");
    }
    payload_write_members(&payload, call, &writer);
    write_groups(call, &writer);
    const char *fault = write_information(call, &writer);
    json_write_object_end(&writer);
    if (!fault && (out->overflowed || out->len > KIRA_BODY_MAX))
        fault = "the request with its documents is larger than 10 MB, the provider's maximum";
    return fault;
}
