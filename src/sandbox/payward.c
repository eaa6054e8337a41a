#include "sandbox/api.h"
#include "sandbox/exchange.h"
#include "sandbox/format.h"
#include "sandbox/identity.h"
#include "sandbox/shape.h"
#include "sandbox/signed_request.h"
#include "sandbox/world.h"

enum { USER_ID_SIZE = 17 };

#define TEXT(NAME, FLAGS, IS_VALID)                                                                          \
    {                                                                                                        \
        .name = (NAME), .kind = JSON_STRING, .flags = (FLAGS), .is_valid = (IS_VALID)                        \
    }

static const char *const occupations[] = {
    "agriculture",
    "business_management",
    "computers_and_it",
    "construction",
    "education",
    "finance",
    "government",
    "healthcare",
    "hospitality",
    "manufacturing",
    "marketing",
    "media",
    "other",
    "science",
    "self_employed",
    "student",
    "transportation",
    "unemployed",
    "employed",
    NULL,
};

static const char *const identifier_types[] = {"concat", NULL};

static const struct shape full_name[] = {
    TEXT("first_name", SHAPE_REQUIRED, format_is_text),
    TEXT("middle_name", 0, format_is_text),
    TEXT("last_name", SHAPE_REQUIRED, format_is_text),
    {0},
};

static const struct shape birth[] = {
    TEXT("date", SHAPE_REQUIRED, format_is_birth_date),
    TEXT("city", SHAPE_REQUIRED, format_is_text),
    TEXT("country", SHAPE_REQUIRED, format_is_country),
    {0},
};

static const struct shape residence[] = {
    TEXT("line1", SHAPE_REQUIRED, format_is_text),
    TEXT("line2", 0, format_is_text),
    TEXT("city", SHAPE_REQUIRED, format_is_text),
    TEXT("province", 0, format_is_text),
    TEXT("postal_code", SHAPE_REQUIRED, format_is_text),
    TEXT("country", SHAPE_REQUIRED, format_is_country),
    {0},
};

static const struct shape nationality[] = {TEXT("", SHAPE_REQUIRED, format_is_nationality)};

static const struct shape client_identifier[] = {
    {.name = "type", .kind = JSON_STRING, .flags = SHAPE_REQUIRED, .words = identifier_types},
    TEXT("value", SHAPE_REQUIRED, format_is_concat),
    TEXT("calculated_at", SHAPE_REQUIRED, format_is_date_time),
    {0},
};

static const struct shape tax_id_members[] = {
    TEXT("id", SHAPE_REQUIRED, format_is_text),
    TEXT("issuing_country", SHAPE_REQUIRED, format_is_country),
    {0},
};

static const struct shape tax_id[] = {{.name = "", .kind = JSON_OBJECT, .inner = tax_id_members}};

static const struct shape create_shape[] = {
    TEXT("email", SHAPE_REQUIRED, format_is_email),
    TEXT("external_reference", SHAPE_REQUIRED, format_is_reference),
    {.name = "full_name", .kind = JSON_OBJECT, .flags = SHAPE_REQUIRED, .inner = full_name},
    {.name = "birth", .kind = JSON_OBJECT, .flags = SHAPE_REQUIRED, .inner = birth},
    {.name = "residence", .kind = JSON_OBJECT, .flags = SHAPE_REQUIRED, .inner = residence},
    TEXT("phone", SHAPE_REQUIRED, format_is_phone),
    {.name = "nationalities", .kind = JSON_ARRAY, .flags = SHAPE_REQUIRED, .inner = nationality},
    {.name = "occupation", .kind = JSON_STRING, .flags = SHAPE_REQUIRED, .words = occupations},
    TEXT("employer_name", SHAPE_NULLABLE, format_is_text),
    {.name = "client_identifier", .kind = JSON_OBJECT, .inner = client_identifier},
    {.name = "tax_ids", .kind = JSON_ARRAY, .flags = SHAPE_NULLABLE, .inner = tax_id},
    TEXT("language", SHAPE_NULLABLE, format_is_language),
    {0},
};

static void write_member(struct json_writer *writer, const char *key, const char *text)
{
    json_write_key(writer, key);
    json_write_text(writer, text);
}

static void write_account(struct json_writer *writer, struct slice user_id, unsigned number, const char *name)
{
    char id[USER_ID_SIZE] = "W";
    identity_write(id + 1, sizeof id - 2, "payward account", user_id, number);
    json_write_object(writer);
    write_member(writer, "id", id);
    write_member(writer, "name", name);
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
    json_write_key(writer, "id");
    json_write_string(writer, user->id);
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

/* false: answered 400 or 422 */
static bool is_create(struct exchange *exchange, const struct json_node *nodes)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, 422, &writer);
    json_write_object(&writer);
    json_write_key(&writer, "errors");
    json_write_array(&writer);
    struct shape_faults faults = {.writer = &writer};
    shape_check(create_shape, nodes, 0, &faults);
    json_write_array_end(&writer);
    json_write_object_end(&writer);
    if (faults.malformed)
        exchange->status = 400;
    return faults.count == 0;
}

/* with the world's lock held */
static void settle_create(struct exchange *exchange, struct slice reference, struct slice email)
{
    struct users *users = &exchange->book->users;
    struct json_writer writer;
    const struct user *user = users_by_external_id(users, reference);
    if (user) {
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
    struct user made = {slice_from(id), reference, email, buffer_slice(&exchange->body)};
    user = world_add_user(exchange->world, exchange->book, exchange->api->name, made);
    if (!user) {
        exchange_refuse(exchange, 500, "state", "the sandbox cannot write its state");
        return;
    }
    begin_user(exchange, 201, user, &writer);
    end_user(&writer);
}

static void create(struct exchange *exchange, struct workspace *workspace)
{
    if (!exchange_is_json(exchange)) {
        exchange_refuse(exchange, 415, "unsupported_media_type", "Content-Type must be application/json");
        return;
    }
    size_t count;
    struct json_fault fault;
    const struct json_node *nodes =
        json_reader_parse(workspace->reader, buffer_slice(&exchange->body), &count, &fault);
    if (!nodes) {
        exchange_refuse(exchange, 400, "malformed_json", fault.message);
        return;
    }
    if (!is_create(exchange, nodes))
        return;
    struct slice reference = nodes[json_member(nodes, 0, "external_reference")].text;
    struct slice email = nodes[json_member(nodes, 0, "email")].text;
    world_lock(exchange->world);
    settle_create(exchange, reference, email);
    world_unlock(exchange->world);
}

static void look_up(struct exchange *exchange, struct slice id)
{
    world_lock(exchange->world);
    const struct user *user = users_by_id(&exchange->book->users, id);
    world_unlock(exchange->world);
    if (!user) {
        exchange_refuse(exchange, 404, "not_found", "there is no such user");
        return;
    }
    struct json_writer writer;
    begin_user(exchange, 200, user, &writer);
    json_write_key(&writer, "external_reference");
    json_write_string(&writer, user->external_id);
    json_write_key(&writer, "email");
    json_write_string(&writer, user->email);
    end_user(&writer);
}

static void work(struct exchange *exchange, struct workspace *workspace)
{
    struct slice id;
    if (!exchange_path_is(exchange, "/v1/users", &id))
        exchange_refuse(exchange, 404, "not_found", "there is no such path");
    else if (id.len == 0 && exchange_method_is(exchange, "POST"))
        create(exchange, workspace);
    else if (id.len > 0 && exchange_method_is(exchange, "GET"))
        look_up(exchange, id);
    else
        exchange_refuse(exchange, 405, "method_not_allowed", "this path does not know this method");
}

const struct api api_payward = {
    .name = "payward",
    .body_max = 1024 * 1024,
    .admit = signed_request_admit,
    .work = work,
    .throttle = signed_request_throttle,
};
