#include "provider/kira_payload.h"

#include <errno.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/safe_open.h"
#include "model/job_setting.h"
#include "provider/payload.h"

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
    const char *folder = job_setting_text(&call->job->provider, SETTING_DOCUMENTS);
    const char *fault = NULL;
    if (media_is_url(document))
        buffer_append(&uri, document);
    else if (!folder)
        fault = "a document is named by a path, but the job has no provider.documents";
    else
        fault = write_data_uri(folder, document, &uri);
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

/* [{"type", …, "documents": [{"type": "front", "file": …}, …]}] */
static const char *write_information(const struct provider_call *call, const struct provider_field *rows,
                                     size_t count, struct json_writer *writer)
{
    const char *fault = NULL;
    json_write_array(writer);
    json_write_object(writer);
    payload_write_keys(call, rows, count, writer);
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

const char *kira_payload_write(const struct provider_fields *fields, const struct provider_call *call,
                               struct buffer *out)
{
    const char *fault = payload_write(fields, call, write_information, out);
    if (!fault && (out->overflowed || out->len > KIRA_BODY_MAX))
        fault = "the request with its documents is larger than 10 MB, the provider's maximum";
    return fault;
}
