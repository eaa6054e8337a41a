#include "provider/document_list.h"

#include <stdio.h>

#include "model/media.h"

static bool is_one_of(const char *const *words, struct slice text)
{
    for (; words && *words; words++)
        if (slice_is(text, *words))
            return true;
    return false;
}

/* What a document with this type shows by its front. */
static enum provider_document_kind kind_of_type(struct slice type)
{
    static const char *const residence[] = {"utility_bill", "tax_return", NULL};
    return is_one_of(residence, type) ? PROVIDER_DOCUMENT_RESIDENCE : PROVIDER_DOCUMENT_IDENTITY;
}

static const char *fault_of_file(const struct provider *provider, struct slice file)
{
    if (media_is_url(file))
        return provider->documents & PROVIDER_DOCUMENT_URLS
                   ? NULL
                   : "is named by a URL, and the provider takes files";
    if (media_is_data_uri(file))
        return "is in the export itself (data:), and the provider takes URLs and files";
    return provider->documents & PROVIDER_DOCUMENT_FILES
               ? NULL
               : "is named by a path, and the provider takes https URLs alone";
}

static const char *find_fault(const struct provider *provider, const struct provider_document *document)
{
    if (!is_one_of(provider->document_types, document->type))
        return "has a type that the provider does not take";
    if (document->number.len == 0)
        return "has no number, which the provider requires";
    if (document->country.len == 0)
        return "has no country, which the provider requires";
    const char *fault = fault_of_file(provider, document->file);
    if (!fault && document->back.len > 0)
        fault = fault_of_file(provider, document->back);
    if (!fault && document->back.len > 0 && media_is_url(document->file) != media_is_url(document->back))
        fault = "has a URL and a path, and the provider takes one kind";
    return fault;
}

static bool has_slot(const struct document_listed *listed, size_t count, const char *slot)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(listed[i].slot, slot) == 0)
            return true;
    return false;
}

/* Begins the next of the list: what one file shows. */
static struct document_listed *add(struct document_listed *listed, size_t count,
                                   const struct provider_document *entry, const struct document_file *file)
{
    struct document_listed *next = &listed[count];
    char slot[DOCUMENT_SLOT_SIZE - 8];
    *next = (struct document_listed){.document = *entry, .file = file->field, .back = FIELD_NONE};
    next->document.file = file->text;
    snprintf(slot, sizeof slot, "%.*s/%.*s", (int)entry->type.len, entry->type.len ? entry->type.data : "",
             (int)file->kind.len, file->kind.data);
    snprintf(next->slot, sizeof next->slot, "%s", slot);
    for (unsigned number = 2; has_slot(listed, count, next->slot); number++)
        snprintf(next->slot, sizeof next->slot, "%s/%u", slot, number);
    return next;
}

/* Adds a file to the front that its entry has in the list already, or begins a new one. */
static size_t add_file(struct document_listed *listed, size_t count, size_t first,
                       const struct provider_document *entry, const struct document_file *file)
{
    bool is_front = slice_is(file->kind, "front"), is_back = slice_is(file->kind, "back");
    enum provider_document_kind kind = is_front || is_back              ? kind_of_type(entry->type)
                                       : slice_is(file->kind, "selfie") ? PROVIDER_DOCUMENT_SELFIE
                                                                        : PROVIDER_DOCUMENT_RESIDENCE;

    for (size_t i = first; is_back && kind == PROVIDER_DOCUMENT_IDENTITY && i < count; i++)
        if (listed[i].document.kind == kind && listed[i].back == FIELD_NONE) {
            listed[i].document.back = file->text;
            listed[i].back = file->field;
            return count;
        }
    struct document_listed *added = add(listed, count, entry, file);
    added->document.kind = kind;
    if (is_back && kind == PROVIDER_DOCUMENT_IDENTITY)
        added->fault = "has a back and no front";
    return count + 1;
}

/* Fronts before backs, in whatever order the job names the files. */
static size_t add_files(struct document_listed *listed, size_t count, const struct record *record,
                        const struct document_entry *entry)
{
    const struct provider_document document = {
        .type = entry->type, .number = entry->number, .country = entry->country, .expiry = entry->expiry};
    size_t first = count;

    for (int is_back = 0; is_back < 2; is_back++) {
        struct document_file file;
        enum field_id part = entry->first;
        while (document_entry_file(record, entry, &part, &file) && count < DOCUMENT_LIST_MAX)
            if (slice_is(file.kind, "back") == is_back)
                count = add_file(listed, count, first, &document, &file);
    }
    return count;
}

size_t document_list(const struct provider *provider, const struct record *record,
                     struct document_listed listed[DOCUMENT_LIST_MAX])
{
    struct document_entry entry;
    enum field_id field = FIELD_COUNT;
    size_t count = 0;

    while (document_entry_next(record, &field, &entry))
        count = add_files(listed, count, record, &entry);
    for (size_t i = 0; i < count; i++)
        if (!listed[i].fault)
            listed[i].fault = find_fault(provider, &listed[i].document);
    return count;
}

static void digest_text(struct digest_hmac *hmac, struct slice text)
{
    digest_hmac_add(hmac, text);
    digest_hmac_add(hmac, slice_make("", 1));
}

static void digest_file(struct digest_hmac *hmac, const struct record *record, enum field_id field,
                        struct slice file)
{
    if (media_is_url(file)) {
        size_t len = 0;
        while (len < file.len && file.data[len] != '?' && file.data[len] != '#')
            len++;
        digest_text(hmac, slice_make(file.data, len));
        return;
    }
    const uint8_t *content = record->document_digest ? record->document_digest[field_document(field)] : NULL;
    if (content)
        digest_text(hmac, slice_make((const char *)content, RECORD_DOCUMENT_DIGEST_LEN));
}

void document_list_digest(const struct document_listed *listed, const struct record *record,
                          struct digest_hmac *hmac)
{
    const struct provider_document *document = &listed->document;
    const char kind[] = {(char)('0' + document->kind), '\0'};

    digest_text(hmac, slice_from(kind));
    digest_text(hmac, document->type);
    digest_text(hmac, document->number);
    digest_text(hmac, document->country);
    digest_text(hmac, document->expiry);
    digest_file(hmac, record, listed->file, document->file);
    if (listed->back != FIELD_NONE)
        digest_file(hmac, record, listed->back, document->back);
}
