#include <stdio.h>

#include "sandbox/api.h"
#include "sandbox/documents.h"
#include "sandbox/exchange.h"
#include "sandbox/format.h"
#include "sandbox/identity.h"
#include "sandbox/request.h"
#include "sandbox/schema.h"
#include "sandbox/server_state.h"
#include "sandbox/signed_request.h"
#include "sandbox/signed_schema.h"

/* `AA95 N84G …`: four groups of four with blanks between */
enum { GROUPS = 4, GROUP_LEN = 4, USER_ID_SIZE = GROUPS * (GROUP_LEN + 1), PATH_ID_SIZE = 64 };

enum { ROUTE_FORM, ROUTE_URLS };
static const struct api_route routes[] = {
    [ROUTE_FORM] = {"/b2b/verifications", "", OPERATION_DOCUMENT},
    [ROUTE_URLS] = {"/b2b/verifications", "/url", OPERATION_DOCUMENT},
    {0},
};

static const struct schema user_schema[] = {
    SCHEMA_TEXT("email", SCHEMA_REQUIRED | SCHEMA_FIXED, format_is_email),
    SCHEMA_TEXT("external_id", SCHEMA_REQUIRED | SCHEMA_FIXED, format_is_reference),
    {.name = "tos_version_accepted",
     .kind = JSON_NUMBER,
     .flags = SCHEMA_REQUIRED,
     .is_valid = format_is_int32},
    {.name = "full_name", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = signed_schema_full_name},
    SCHEMA_TEXT("date_of_birth", SCHEMA_REQUIRED, format_is_birth_date),
    SCHEMA_TEXT("city_of_birth", 0, format_is_text),
    SCHEMA_TEXT("country_of_birth", 0, format_is_country),
    {.name = "residence", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = signed_schema_residence},
    SCHEMA_TEXT("phone", SCHEMA_REQUIRED | SCHEMA_CLEARABLE, format_is_phone),
    {.name = "nationalities",
     .kind = JSON_ARRAY,
     .flags = SCHEMA_REQUIRED | SCHEMA_CLEARABLE,
     .inner = signed_schema_nationality},
    SCHEMA_WORD("occupation", SCHEMA_REQUIRED | SCHEMA_CLEARABLE, signed_schema_occupations),
    SCHEMA_TEXT("employer_name", SCHEMA_CLEARABLE, format_is_text),
    {.name = "client_identifier", .kind = JSON_OBJECT, .inner = signed_schema_client_identifier},
    {.name = "tax_ids", .kind = JSON_ARRAY, .flags = SCHEMA_CLEARABLE, .inner = signed_schema_tax_id},
    SCHEMA_TEXT("language", SCHEMA_CLEARABLE, format_is_language),
    {0},
};

/* {"error":{"code":…,"message":…}} */
static void refuse(struct exchange *exchange, unsigned status, const char *code, const char *message)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, status, &writer);
    json_write_object(&writer);
    json_write_key(&writer, "error");
    json_write_object(&writer);
    json_write_member(&writer, "code", slice_from(code));
    json_write_member(&writer, "message", slice_from(message));
    json_write_object_end(&writer);
    json_write_object_end(&writer);
}

/* {"error":TEXT} */
static void refuse_with_text(struct exchange *exchange, unsigned status, const char *text)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, status, &writer);
    json_write_object(&writer);
    json_write_member(&writer, "error", slice_from(text));
    json_write_object_end(&writer);
}

/* leaves the object `result` open for more */
static void begin_result(struct exchange *exchange, unsigned status, const struct user *user,
                         struct json_writer *writer)
{
    exchange_begin_answer(exchange, status, writer);
    json_write_object(writer);
    json_write_key(writer, "result");
    json_write_object(writer);
    json_write_member(writer, "user", user->id);
}

static void end_result(struct json_writer *writer)
{
    json_write_object_end(writer);
    json_write_object_end(writer);
}

static void refuse_existing(struct exchange *exchange, const struct user *same)
{
    static const char text[] = "EGeneral:User already exists";
    struct json_writer writer;
    /* a client that never saw the answer to its create has to repeat it */
    exchange->caused_by_fault = same->answer_lost;
    if (!exchange->state->options->conflicts_name_user) {
        refuse_with_text(exchange, 409, text);
        return;
    }
    exchange_begin_answer(exchange, 409, &writer);
    json_write_object(&writer);
    json_write_member(&writer, "error", slice_from(text));
    json_write_member(&writer, "user_id", same->id);
    json_write_object_end(&writer);
}

static void make_id(struct users *users, struct slice external_id, char id[USER_ID_SIZE])
{
    char plain[GROUPS * GROUP_LEN + 1] = "AA";
    unsigned number = 0;
    do {
        identity_write(plain + 2, sizeof plain - 3, "kraken-embed user", external_id, number++);
        for (size_t i = 0; i + 1 < USER_ID_SIZE; i++)
            id[i] = i % (GROUP_LEN + 1) == GROUP_LEN ? ' ' : plain[i - i / (GROUP_LEN + 1)];
        id[USER_ID_SIZE - 1] = '\0';
    } while (users_by_id(users, slice_from(id)));
}

/* with the server state's lock held */
static void create_user(struct exchange *exchange, struct slice external_id, struct slice email)
{
    struct users *users = &exchange->api_state->users;
    const struct user *same = users_by_external_id(users, external_id);
    if (same) {
        refuse_existing(exchange, same);
        return;
    }
    if (users_by_email(users, email)) {
        refuse(exchange, 422, "email_taken", "another user has this e-mail");
        return;
    }
    char id[USER_ID_SIZE];
    struct json_writer writer;
    make_id(users, external_id, id);
    const struct user *user = request_add_user(exchange, slice_from(id), external_id, email);
    if (!user)
        return;
    begin_result(exchange, 201, user, &writer);
    end_result(&writer);
}

static void create(struct exchange *exchange, struct workspace *workspace)
{
    const struct json_node *nodes = request_read(exchange, workspace);
    if (!nodes || !request_check(exchange, user_schema, nodes, false))
        return;
    server_state_lock(exchange->state);
    create_user(exchange, request_text(nodes, "external_id"), request_text(nodes, "email"));
    server_state_unlock(exchange->state);
}

/* with the server state's lock held; NULL: answered */
static struct user *find(struct exchange *exchange, struct slice id)
{
    struct user *user = users_by_id(&exchange->api_state->users, id);
    if (!user)
        refuse_with_text(exchange, 404, "EGeneral:Unknown user");
    return user;
}

static void update(struct exchange *exchange, struct workspace *workspace, struct slice id)
{
    const struct json_node *nodes = request_read(exchange, workspace);
    if (!nodes || !request_check(exchange, user_schema, nodes, true))
        return;
    server_state_lock(exchange->state);
    struct user *user = find(exchange, id);
    if (user && request_update(exchange, workspace, nodes, user, slice_make("", 0))) {
        struct json_writer writer;
        exchange_begin_answer(exchange, 200, &writer);
        json_write_object(&writer);
        json_write_member(&writer, "result", SLICE_LITERAL("success"));
        json_write_object_end(&writer);
    }
    server_state_unlock(exchange->state);
}

static void look_up(struct exchange *exchange, struct slice id)
{
    server_state_lock(exchange->state);
    struct user *user = find(exchange, id);
    if (user) {
        struct json_writer writer;
        begin_result(exchange, 200, user, &writer);
        json_write_member(&writer, "external_id", user->external_id);
        json_write_member(&writer, "email", user->email);
        signed_request_write_status(&writer, &user->standing);
        end_result(&writer);
    }
    server_state_unlock(exchange->state);
}

static bool has_version(struct exchange *exchange)
{
    const struct options *options = exchange->state->options;
    const char *version = exchange_header(exchange, options->kraken_version_header);
    if (version && slice_is(slice_from(version), "2025-04-15"))
        return true;
    char message[128];
    snprintf(message, sizeof message, "EGeneral:Invalid arguments:%s", options->kraken_version_header);
    refuse_with_text(exchange, 400, message);
    return false;
}

/* by_url: presigned URLs, else a form */
static void add_documents(struct exchange *exchange, struct workspace *workspace, bool by_url,
                          struct slice part)
{
    char text[PATH_ID_SIZE];
    struct slice id = exchange_decode(part, text, sizeof text);
    struct documents documents = {0};
    if (!(by_url ? documents_read_urls : documents_read_form)(&documents, exchange, workspace,
                                                              documents_embed_metadata))
        return;
    server_state_lock(exchange->state);
    struct user *user = find(exchange, id);
    struct json_writer writer;
    if (user && documents_accept(&documents, exchange, user, "result", &writer))
        end_result(&writer);
    server_state_unlock(exchange->state);
}

/* False: the path is not one of documents; else the request is answered. */
static bool handle_documents(struct exchange *exchange, struct workspace *workspace)
{
    struct slice part;
    if (exchange->operation != OPERATION_DOCUMENT)
        return false;
    bool by_url =
        exchange_path_is_below(exchange, routes[ROUTE_URLS].before, routes[ROUTE_URLS].after, &part);
    if (!by_url)
        exchange_path_is_below(exchange, routes[ROUTE_FORM].before, routes[ROUTE_FORM].after, &part);
    if (has_version(exchange))
        add_documents(exchange, workspace, by_url, part);
    return true;
}

static void handle(struct exchange *exchange, struct workspace *workspace)
{
    struct slice part;
    char text[PATH_ID_SIZE];
    if (handle_documents(exchange, workspace))
        return;
    if (!exchange_path_is(exchange, exchange->api->users_path, &part))
        refuse_with_text(exchange, 404, "EGeneral:Unknown method");
    else if (!has_version(exchange))
        return;
    else if (part.len == 0 && exchange_method_is(exchange, "POST"))
        create(exchange, workspace);
    else if (part.len > 0 && exchange_method_is(exchange, "GET"))
        look_up(exchange, exchange_decode(part, text, sizeof text));
    else if (part.len > 0 && exchange_method_is(exchange, "PATCH"))
        update(exchange, workspace, exchange_decode(part, text, sizeof text));
    else
        refuse(exchange, 405, "method_not_allowed", "this path does not know this method");
}

const struct api api_kraken_embed = {
    .name = "kraken-embed",
    .users_path = "/b2b/users",
    .routes = routes,
    .body_max = SERVER_STATE_BODY_MAX, /* of documents */
    .trace_header = "x-trace-id",
    .faults_before = "{\"error\":{\"code\":\"EGeneral:Invalid arguments\",\"details\":",
    .faults_after = "}}",
    .fault_field = "field",
    .authenticate = signed_request_authenticate,
    .handle = handle,
    .throttle = signed_request_throttle,
    .refuse = refuse,
};
