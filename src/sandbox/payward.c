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

enum { USER_ID_SIZE = 17, PATH_ID_MIN = 14, PATH_ID_MAX = 42 };

static const struct api_route routes[] = {{"/v1/users", "/verifications/url", OPERATION_DOCUMENT}, {0}};

static const struct schema birth[] = {
    SCHEMA_TEXT("date", SCHEMA_REQUIRED, format_is_birth_date),
    SCHEMA_TEXT("city", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("country", SCHEMA_REQUIRED, format_is_country),
    {0},
};

static const struct schema user_schema[] = {
    SCHEMA_TEXT("email", SCHEMA_REQUIRED | SCHEMA_FIXED, format_is_email),
    SCHEMA_TEXT("external_reference", SCHEMA_REQUIRED | SCHEMA_FIXED, format_is_reference),
    {.name = "full_name", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = signed_schema_full_name},
    {.name = "birth", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = birth},
    {.name = "residence", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = signed_schema_residence},
    SCHEMA_TEXT("phone", SCHEMA_REQUIRED | SCHEMA_CLEARABLE, format_is_phone),
    {.name = "nationalities",
     .kind = JSON_ARRAY,
     .flags = SCHEMA_REQUIRED | SCHEMA_CLEARABLE,
     .inner = signed_schema_nationality},
    SCHEMA_WORD("occupation", SCHEMA_REQUIRED | SCHEMA_CLEARABLE, signed_schema_occupations),
    SCHEMA_TEXT("employer_name", SCHEMA_NULLABLE | SCHEMA_CLEARABLE, format_is_text),
    {.name = "client_identifier", .kind = JSON_OBJECT, .inner = signed_schema_client_identifier},
    {.name = "tax_ids",
     .kind = JSON_ARRAY,
     .flags = SCHEMA_NULLABLE | SCHEMA_CLEARABLE,
     .inner = signed_schema_tax_id},
    SCHEMA_TEXT("language", SCHEMA_NULLABLE | SCHEMA_CLEARABLE, format_is_language),
    {0},
};

static void write_account(struct json_writer *writer, struct slice user_id, unsigned number, const char *name)
{
    char id[USER_ID_SIZE] = "W";
    identity_write(id + 1, sizeof id - 2, "payward account", user_id, number);
    json_write_object(writer);
    json_write_member(writer, "id", slice_from(id));
    json_write_member(writer, "name", slice_from(name));
    json_write_object_end(writer);
}

/* leaves the object `data` open for more */
static void begin_user(struct exchange *exchange, unsigned status, const struct user *user,
                       struct json_writer *writer)
{
    exchange_begin_answer(exchange, status, writer);
    json_write_object(writer);
    json_write_key(writer, "data");
    json_write_object(writer);
    json_write_member(writer, "id", user->id);
    json_write_key(writer, "accounts");
    json_write_array(writer);
    write_account(writer, user->id, 0, "main");
    write_account(writer, user->id, 1, "secondary");
    json_write_array_end(writer);
}

static void end_user(struct json_writer *writer)
{
    json_write_object_end(writer);
    json_write_object_end(writer);
}

/* with the server state's lock held */
static void create_user(struct exchange *exchange, struct slice reference, struct slice email)
{
    struct users *users = &exchange->api_state->users;
    struct json_writer writer;
    struct user *user = users_by_external_id(users, reference);
    if (user) {
        user->creates++;
        begin_user(exchange, 200, user, &writer);
        end_user(&writer);
        return;
    }
    if (users_by_email(users, email)) {
        exchange_refuse(exchange, 422, "email_taken", "another user has this e-mail");
        return;
    }

    char id[USER_ID_SIZE] = "AA";
    for (unsigned number = 0;; number++) {
        identity_write(id + 2, sizeof id - 3, "payward user", reference, number);
        if (!users_by_id(users, slice_from(id)))
            break;
    }
    user = request_add_user(exchange, slice_from(id), reference, email);
    if (!user)
        return;
    begin_user(exchange, 201, user, &writer);
    end_user(&writer);
}

static void create(struct exchange *exchange, struct workspace *workspace)
{
    const struct json_node *nodes = request_read(exchange, workspace);
    if (!nodes || !request_check(exchange, user_schema, nodes, false))
        return;
    server_state_lock(exchange->state);
    create_user(exchange, request_text(nodes, "external_reference"), request_text(nodes, "email"));
    server_state_unlock(exchange->state);
}

/* with the server state's lock held; NULL: answered */
static struct user *find(struct exchange *exchange, struct slice id)
{
    struct user *user = users_by_id(&exchange->api_state->users, id);
    if (!user)
        exchange_refuse(exchange, 404, "not_found", "there is no such user");
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
        json_write_member(&writer, "data", SLICE_LITERAL("success"));
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
        begin_user(exchange, 200, user, &writer);
        json_write_member(&writer, "external_reference", user->external_id);
        json_write_member(&writer, "email", user->email);
        signed_request_write_status(&writer, &user->standing);
        end_user(&writer);
    }
    server_state_unlock(exchange->state);
}

static void add_documents(struct exchange *exchange, struct workspace *workspace, struct slice part)
{
    char text[PATH_ID_MAX + 1];
    struct slice id = exchange_decode(part, text, sizeof text);
    struct documents documents = {0};
    if (!documents_read_urls(&documents, exchange, workspace, documents_payward_metadata))
        return;
    server_state_lock(exchange->state);
    struct user *user = find(exchange, id);
    struct json_writer writer;
    if (user && documents_accept(&documents, exchange, user, "data", &writer))
        end_user(&writer);
    server_state_unlock(exchange->state);
}

static void handle_user(struct exchange *exchange, struct workspace *workspace, struct slice part)
{
    char text[PATH_ID_MAX + 1];
    struct slice id = exchange_decode(part, text, sizeof text);
    if (id.len < PATH_ID_MIN)
        exchange_refuse(exchange, 400, "invalid_id", "an id has 14 to 42 characters");
    else if (exchange_method_is(exchange, "GET"))
        look_up(exchange, id);
    else if (exchange_method_is(exchange, "PATCH"))
        update(exchange, workspace, id);
    else
        exchange_refuse(exchange, 405, "method_not_allowed", "this path does not know this method");
}

static void handle(struct exchange *exchange, struct workspace *workspace)
{
    struct slice id;
    if (exchange->operation == OPERATION_DOCUMENT &&
        exchange_path_is_below(exchange, routes->before, routes->after, &id))
        add_documents(exchange, workspace, id);
    else if (!exchange_path_is(exchange, exchange->api->users_path, &id))
        exchange_refuse(exchange, 404, "not_found", "there is no such path");
    else if (id.len > 0)
        handle_user(exchange, workspace, id);
    else if (exchange_method_is(exchange, "POST"))
        create(exchange, workspace);
    else
        exchange_refuse(exchange, 405, "method_not_allowed", "this path does not know this method");
}

const struct api api_payward = {
    .name = "payward",
    .users_path = "/v1/users",
    .routes = routes,
    .body_max = 1024 * 1024,
    .trace_header = "x-trace-id",
    .faults_before = "{\"errors\":",
    .faults_after = "}",
    .fault_field = "field",
    .authenticate = signed_request_authenticate,
    .handle = handle,
    .throttle = signed_request_throttle,
    .refuse = exchange_refuse,
};
