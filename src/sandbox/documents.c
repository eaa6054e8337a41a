#include "sandbox/documents.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/api.h"
#include "sandbox/exchange.h"
#include "sandbox/format.h"
#include "sandbox/identity.h"
#include "sandbox/multipart.h"
#include "sandbox/request.h"
#include "sandbox/server_state.h"
#include "sandbox/signed_schema.h"

/* the files of each type: its own, which is required, and one that it may have */
static const struct kind {
    const char *type;
    const char *file, *url;
    const char *other_file, *other_url; /* NULL: none */
} kinds[] = {
    {"identity_document", "front", "front_url", "back", "back_url"},
    {"residence_document", "document", "document_url", NULL, NULL},
    {"selfie", "selfie", "selfie_url", NULL, NULL},
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static const char *const types[] = {"identity_document", "residence_document", "selfie", NULL};
static const char *const document_types[] = {
    "drivers_license", "id_card",      "passport", "residence_card", "special_permanent_residence_card",
    "tax_return",      "utility_bill", NULL,
};

static const struct schema birth[] = {SCHEMA_TEXT("date", SCHEMA_REQUIRED, format_is_birth_date), {0}};
static const struct schema payward_identity[] = {
    {.name = "full_name", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = signed_schema_full_name},
    {.name = "birth", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = birth},
    {0},
};
static const struct schema embed_identity[] = {
    {.name = "full_name", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = signed_schema_full_name},
    SCHEMA_TEXT("date_of_birth", SCHEMA_REQUIRED, format_is_birth_date),
    {0},
};

/* verifier_response may have any members: not served */
#define METADATA(IDENTITY)                                                                                   \
    {.name = "identity", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = (IDENTITY)},                \
        SCHEMA_WORD("document_type", SCHEMA_REQUIRED, document_types),                                       \
        SCHEMA_TEXT("document_number", SCHEMA_REQUIRED, NULL),                                               \
        SCHEMA_TEXT("issuing_country", SCHEMA_REQUIRED, format_is_nationality),                              \
        SCHEMA_TEXT("verifier", SCHEMA_REQUIRED, format_is_text),                                            \
        SCHEMA_TEXT("verified_at", SCHEMA_REQUIRED, format_is_date_time),                                    \
        SCHEMA_TEXT("nationality", 0, format_is_nationality),                                                \
        SCHEMA_TEXT("expiration_date", SCHEMA_NULLABLE, format_is_day),                                      \
        SCHEMA_TEXT("external_verification_id", SCHEMA_NULLABLE, format_is_text),                            \
    {                                                                                                        \
        0                                                                                                    \
    }

const struct schema documents_payward_metadata[] = {METADATA(payward_identity)};
const struct schema documents_embed_metadata[] = {METADATA(embed_identity)};

static const struct kind *kind_of(const struct json_node *nodes)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (slice_is(request_text(nodes, "type"), kinds[i].type))
            return &kinds[i];
    return NULL;
}

static void check_file(const struct json_node *nodes, const char *name, bool allowed, bool required,
                       struct schema_faults *faults)
{
    bool present = json_member(nodes, 0, name) != 0;
    if (present && !allowed)
        schema_add_fault(faults, "unknown_member", name, "is not a member of this type of document");
    else if (!present && required)
        schema_add_fault(faults, "required", name, "is required");
}

static struct slice metadata_text(const struct json_node *nodes, const char *member)
{
    size_t index = json_member(nodes, json_member(nodes, 0, "metadata"), member);
    return index ? nodes[index].text : slice_make("", 0);
}

/* what depends on the type; by_url: of the two sets of names */
static void check_type(const struct json_node *nodes, bool by_url, struct schema_faults *faults)
{
    const struct kind *kind = kind_of(nodes);
    bool passport = slice_is(metadata_text(nodes, "document_type"), "passport");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        bool own = &kinds[i] == kind;
        check_file(nodes, by_url ? kinds[i].url : kinds[i].file, own, own, faults);
        if (kinds[i].other_file)
            check_file(nodes, by_url ? kinds[i].other_url : kinds[i].other_file, own && !passport, false,
                       faults);
    }
    if (kind == &kinds[0] && metadata_text(nodes, "document_number").len == 0)
        schema_add_fault(faults, "invalid_format", "metadata.document_number", "must not be empty");
}

static void check_urls(const struct exchange *exchange, const struct json_node *nodes,
                       struct schema_faults *faults)
{
    (void)exchange;
    check_type(nodes, true, faults);
}

static void check_form(const struct exchange *exchange, const struct json_node *nodes,
                       struct schema_faults *faults)
{
    (void)exchange;
    check_type(nodes, false, faults);
}

static void add_digest(struct documents *documents, const char *type, struct slice content)
{
    assert(documents->count < DOCUMENTS_MAX);
    digest_sha256(slice_from(type), content, documents->digests[documents->count++]);
}

bool documents_read_urls(struct documents *documents, struct exchange *exchange, struct workspace *workspace,
                         const struct schema *metadata)
{
    const struct schema members[] = {
        SCHEMA_WORD("type", SCHEMA_REQUIRED, types),
        {.name = "metadata", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = metadata},
        SCHEMA_TEXT("front_url", 0, format_is_file_url),
        SCHEMA_TEXT("back_url", SCHEMA_NULLABLE, format_is_file_url),
        SCHEMA_TEXT("document_url", 0, format_is_file_url),
        SCHEMA_TEXT("selfie_url", 0, format_is_file_url),
        SCHEMA_TEXT("verifier_response_url", SCHEMA_NULLABLE, format_is_file_url),
        {0},
    };
    const struct json_node *nodes = request_read(exchange, workspace);
    if (!nodes || !request_check_more(exchange, members, nodes, check_urls))
        return false;
    const struct kind *kind = kind_of(nodes);
    const char *names[] = {kind->url, kind->other_url};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct slice url = names[i] ? request_text(nodes, names[i]) : slice_make("", 0);
        const char *query = url.len ? memchr(url.data, '?', url.len) : NULL;
        if (url.len > 0)
            add_digest(documents, names[i],
                       slice_make(url.data, query ? (size_t)(query - url.data) : url.len));
    }
    return true;
}

/* The form as the JSON that it is read as, with a file's name in place of its content; so both are checked
 * alike. A field that is sent twice is a member that is named twice. */
static const struct json_node *read_as_json(const struct multipart *form, struct workspace *workspace)
{
    struct json_writer writer;
    size_t count;
    struct json_fault fault;
    buffer_reset(&workspace->merged);
    json_write_begin(&writer, &workspace->merged);
    json_write_object(&writer);
    for (size_t i = 0; i < form->count; i++) {
        char name[64];
        const struct multipart_part *part = &form->parts[i];
        snprintf(name, sizeof name, "%.*s", part->name.len < sizeof name ? (int)part->name.len : 0,
                 part->name.data);
        json_write_key(&writer, name);
        if (slice_is(part->name, "metadata"))
            buffer_append(&workspace->merged, part->content);
        else
            json_write_any(&writer, part->file.len > 0 ? part->file : part->content);
        writer.comma = true;
    }
    json_write_object_end(&writer);
    return json_reader_parse(workspace->reader, buffer_slice(&workspace->merged), &count, &fault);
}

static bool check_content(struct exchange *exchange, const struct multipart_part *part)
{
    if (part->file.len > 0 && format_is_file_of_type(part->content, part->type, part->file))
        return true;
    exchange->api->refuse(exchange, 422, "invalid_file",
                          "a file is not the JPEG, PNG or PDF that its name and type say");
    return false;
}

bool documents_read_form(struct documents *documents, struct exchange *exchange, struct workspace *workspace,
                         const struct schema *metadata)
{
    const struct schema members[] = {
        SCHEMA_WORD("type", SCHEMA_REQUIRED, types),
        {.name = "metadata", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = metadata},
        SCHEMA_TEXT("front", 0, format_is_text),
        SCHEMA_TEXT("back", 0, format_is_text),
        SCHEMA_TEXT("document", 0, format_is_text),
        SCHEMA_TEXT("selfie", 0, format_is_text),
        {0},
    };
    struct multipart form;
    const char *content_type = exchange_header(exchange, "Content-Type");
    const struct json_node *nodes = NULL;
    if (multipart_read(&form, content_type, buffer_slice(&exchange->body)))
        nodes = read_as_json(&form, workspace);
    if (!nodes) {
        exchange->api->refuse(exchange, 400, "malformed_form",
                              "the body is not a form, or its metadata no JSON");
        return false;
    }
    if (!request_check_more(exchange, members, nodes, check_form))
        return false;
    const struct kind *kind = kind_of(nodes);
    const char *names[] = {kind->file, kind->other_file};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct multipart_part *part = names[i] ? multipart_find(&form, names[i]) : NULL;
        if (part && !check_content(exchange, part))
            return false;
        if (part)
            add_digest(documents, names[i], part->content);
    }
    return true;
}

bool documents_accept(const struct documents *documents, struct exchange *exchange, struct user *user,
                      const char *member, struct json_writer *writer)
{
    enum { ID_SIZE = 25 };
    char id[ID_SIZE] = "ver_";
    identity_write(id + 4, ID_SIZE - 5, "verification", user->id, user->standing.documents);
    standing_act(&user->standing, exchange->state->options, user->id);
    for (size_t i = 0; i < documents->count; i++) {
        users_add_document(&exchange->api_state->users, user, documents->digests[i]);
        if (!server_state_keep_standing(exchange->state, exchange->api_state, user, documents->digests[i])) {
            exchange->api->refuse(exchange, 500, "state", "the sandbox cannot write its state");
            return false;
        }
    }
    exchange_begin_answer(exchange, 200, writer);
    json_write_object(writer);
    json_write_key(writer, member);
    json_write_object(writer);
    json_write_member(writer, "verification_id", slice_from(id));
    return true;
}
