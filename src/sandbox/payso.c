#include <stdio.h>

#include "core/utf8.h"
#include "sandbox/api.h"
#include "sandbox/exchange.h"
#include "sandbox/format.h"
#include "sandbox/identity.h"
#include "sandbox/link.h"
#include "sandbox/request.h"
#include "sandbox/schema.h"
#include "sandbox/server_state.h"

enum { PATH_ID_SIZE = 64, SSN_DIGITS = 9 };

static const struct api_route routes[] = {{"/users", "/kycs", OPERATION_LINK}, {0}};

static const char *const types[] = {"individual", "business", NULL};

static const struct schema user_members[] = {
    SCHEMA_WORD("beneficiary_type", SCHEMA_REQUIRED, types),
    SCHEMA_TEXT("first_name", SCHEMA_NULLABLE, format_is_text),
    SCHEMA_TEXT("last_name", SCHEMA_NULLABLE, format_is_text),
    SCHEMA_TEXT("company_name", SCHEMA_NULLABLE, format_is_text),
    SCHEMA_TEXT("email", SCHEMA_REQUIRED, format_is_email),
    SCHEMA_TEXT("phone", SCHEMA_REQUIRED, format_is_phone),
    SCHEMA_TEXT("date_of_birth", SCHEMA_REQUIRED, NULL),
    SCHEMA_TEXT("address_line1", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("address_line2", SCHEMA_NULLABLE, format_is_text),
    SCHEMA_TEXT("city", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("state", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("postcode", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("country", SCHEMA_REQUIRED, format_is_country),
    SCHEMA_TEXT("nationality", SCHEMA_REQUIRED, format_is_country),
    SCHEMA_TEXT("ssn", SCHEMA_REQUIRED | SCHEMA_NULLABLE, format_is_text),
    SCHEMA_TEXT("source_of_funds", SCHEMA_NULLABLE, format_is_text),
    SCHEMA_TEXT("business_activity", SCHEMA_NULLABLE, format_is_text),
    {0},
};

static const struct schema create_schema[] = {
    {.name = "user", .kind = JSON_OBJECT, .flags = SCHEMA_REQUIRED, .inner = user_members},
    {0},
};

/* the text of a member of `user`; empty: absent or null */
static struct slice text_of(const struct json_node *nodes, const char *member)
{
    size_t user = json_member(nodes, 0, "user");
    size_t index = user ? json_member(nodes, user, member) : 0;
    return index && nodes[index].kind == JSON_STRING ? nodes[index].text : slice_make("", 0);
}

static void check_present(const struct json_node *nodes, const char *member, const char *path,
                          struct schema_faults *faults)
{
    if (text_of(nodes, member).len == 0)
        schema_add_fault(faults, "blank", path, "can't be blank");
}

static bool is_refused(struct slice country)
{
    static const char refused[] =
        "AF BY BA BI CF CU KP CD ET GT GN GW HT IR IQ LB LY ML MM NI NE RU SO SS SD SY TN VE YE ZW ";
    for (const char *cursor = refused; *cursor; cursor += 3)
        if (slice_equal(country, slice_make(cursor, 2)))
            return true;
    return false;
}

static bool is_all(struct slice text, size_t len, char first, char last)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < first || text.data[i] > last)
            return false;
    return text.len == len;
}

/* rules that depend on more than one member, or on the sandbox's options */
static void check_more(const struct exchange *exchange, const struct json_node *nodes,
                       struct schema_faults *faults)
{
    bool business = slice_is(text_of(nodes, "beneficiary_type"), "business");
    bool in_us = slice_is(text_of(nodes, "country"), "US");
    struct slice date = text_of(nodes, "date_of_birth"), ssn = text_of(nodes, "ssn");
    bool iso = exchange->state->options->payso_iso_dates;
    if (business) {
        check_present(nodes, "company_name", "user.company_name", faults);
        check_present(nodes, "source_of_funds", "user.source_of_funds", faults);
    } else {
        check_present(nodes, "first_name", "user.first_name", faults);
        check_present(nodes, "last_name", "user.last_name", faults);
    }
    if (!(iso ? format_is_birth_date(date) : format_is_day_first_birth_date(date)))
        schema_add_fault(faults, "invalid", "user.date_of_birth", "is not a date");
    if (in_us && !is_all(text_of(nodes, "state"), 2, 'A', 'Z'))
        schema_add_fault(faults, "invalid", "user.state", "must have two letters");
    if (in_us && !business && ssn.len > 0 && !is_all(ssn, SSN_DIGITS, '0', '9'))
        schema_add_fault(faults, "invalid", "user.ssn", "must have nine digits");
    if (is_refused(text_of(nodes, "country")))
        schema_add_fault(faults, "country_not_supported", "user.country", "is not supported");
    if (is_refused(text_of(nodes, "nationality")))
        schema_add_fault(faults, "country_not_supported", "user.nationality", "is not supported");
}

/* {"error":TEXT} */
static void refuse(struct exchange *exchange, unsigned status, const char *code, const char *message)
{
    (void)code;
    struct json_writer writer;
    exchange_begin_answer(exchange, status, &writer);
    json_write_object(&writer);
    json_write_member(&writer, "error", slice_from(message));
    json_write_object_end(&writer);
}

/* {"errors":[TEXT]} */
static void throttle(struct exchange *exchange)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, 429, &writer);
    json_write_object(&writer);
    json_write_key(&writer, "errors");
    json_write_array(&writer);
    json_write_text(&writer, "Too many requests");
    json_write_array_end(&writer);
    json_write_object_end(&writer);
    exchange->retry_after = true;
}

static bool authenticate(struct exchange *exchange, struct workspace *workspace)
{
    (void)workspace;
    bool revoked = exchange_key_is_revoked(exchange);
    if (!revoked && slice_is(exchange_bearer(exchange), credential_payso_token))
        return true;
    server_state_lock(exchange->state);
    exchange->api_state->stats.bad_tokens++;
    server_state_unlock(exchange->state);
    refuse(exchange, 401, "unauthorized", "Unauthorized");
    return false;
}

/* Writes the members of a user; without_birth_date: its value, which has no escapes, is null. */
static void write_members(struct buffer *out, struct slice members, bool without_birth_date)
{
    static const char name[] = "\"date_of_birth\":\"";
    const char *end = members.data + members.len;
    const char *first = without_birth_date ? memmem(members.data, members.len, name, strlen(name)) : NULL;
    const char *value = first ? first + strlen(name) : NULL;
    const char *last = value ? memchr(value, '"', (size_t)(end - value)) : NULL;
    if (!last) {
        buffer_append(out, members);
        return;
    }
    buffer_append(out, slice_make(members.data, (size_t)(value - 1 - members.data)));
    buffer_append_text(out, "null");
    buffer_append(out, slice_make(last + 1, (size_t)(end - last - 1)));
}

/* of kyc.general, from the lifecycle of a KYC session */
static const char *status_word(enum standing_state state)
{
    static const char *const words[STANDING_STATES] = {
        "not_started", "initiated", "awaiting_manual_review", "retry_required", "approved", "failed"};
    return words[state];
}

static void write_currency(struct json_writer *writer, const char *currency, const char *status)
{
    json_write_key(writer, currency);
    json_write_object(writer);
    json_write_member(writer, "status", slice_from(status));
    json_write_member(writer, "swift_status", SLICE_LITERAL("not_started"));
    json_write_object_end(writer);
}

/* email: quoted by the comment, as a moderator may do */
static void write_kyc(struct buffer *out, enum standing_state state, struct slice email)
{
    char comment[256];
    struct json_writer writer;
    json_write_begin(&writer, out);
    json_write_object(&writer);
    json_write_key(&writer, "general");
    json_write_object(&writer);
    json_write_member(&writer, "status", slice_from(status_word(state)));
    json_write_key(&writer, "moderation_comment");
    if (state == STANDING_REJECTED || state == STANDING_NEEDS_ACTION) {
        struct slice name = utf8_shorten(email, sizeof comment / 2);
        snprintf(comment, sizeof comment, "the document of %.*s cannot be read", (int)name.len, name.data);
        json_write_text(&writer, comment);
    } else {
        json_write_null(&writer);
    }
    json_write_object_end(&writer);
    write_currency(&writer, "eur", status_word(state));
    write_currency(&writer, "usd", status_word(state));
    write_currency(&writer, "ars", "not_started");
    json_write_object_end(&writer);
}

/* Writes a user as an object: its id, its members as they were sent, and what the API adds. The body is
 * {"user":{…}} with no other member, so that the inner object is between the second brace and the last
 * but one. */
static void write_user(struct buffer *out, const struct exchange *exchange, struct user *user)
{
    struct slice body = user->body;
    const char *first = memchr(body.data, '{', body.len);
    const char *inner = memchr(first + 1, '{', body.len - (size_t)(first + 1 - body.data));
    const char *end = memrchr(body.data, '}', body.len);
    end = memrchr(body.data, '}', (size_t)(end - body.data));
    buffer_append_text(out, "{\"id\":\"");
    buffer_append(out, user->id);
    buffer_append_text(out, "\",");
    write_members(out, slice_make(inner + 1, (size_t)(end - inner - 1)), exchange->fault == FAULT_LEFT_OUT);
    buffer_append_text(out, ",\"website\":null,\"kyc\":");
    write_kyc(out, standing_now(&user->standing), user->email);
    buffer_append_char(out, '}');
}

static void answer_user(struct exchange *exchange, struct user *user)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, 200, &writer);
    buffer_append_text(&exchange->answer, "{\"user\":");
    write_user(&exchange->answer, exchange, user);
    buffer_append_char(&exchange->answer, '}');
}

/* with the server state's lock held */
static void create_user(struct exchange *exchange, struct slice email)
{
    struct users *users = &exchange->api_state->users;
    const struct user *same = users_by_email(users, email);
    if (same && exchange->state->options->payso_unique_email) {
        exchange->caused_by_fault = same->answer_lost;
        exchange_refuse(exchange, 422, "record_not_unique", "Email has already been taken");
        return;
    }
    char id[IDENTITY_UUID_SIZE];
    unsigned number = 0;
    do
        identity_write_uuid(id, "payso user", buffer_slice(&exchange->body), number++);
    while (users_by_id(users, slice_from(id)));
    struct user *user = request_add_user(exchange, slice_from(id), slice_make("", 0), email);
    if (user)
        answer_user(exchange, user);
}

static void create(struct exchange *exchange, struct workspace *workspace)
{
    const struct json_node *nodes = request_read(exchange, workspace);
    if (!nodes || !request_check(exchange, create_schema, nodes, false))
        return;
    server_state_lock(exchange->state);
    create_user(exchange, text_of(nodes, "email"));
    server_state_unlock(exchange->state);
}

static void list(struct exchange *exchange)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, 200, &writer);
    buffer_append_text(&exchange->answer, "{\"users\":[");
    server_state_lock(exchange->state);
    bool first = true;
    for (size_t row = 0; row < exchange->api_state->users.count; row++) {
        if (exchange->api_state->users.all[row]->removed)
            continue;
        if (!first)
            buffer_append_char(&exchange->answer, ',');
        first = false;
        write_user(&exchange->answer, exchange, exchange->api_state->users.all[row]);
    }
    server_state_unlock(exchange->state);
    buffer_append_text(&exchange->answer, "]}");
}

/* with the server state's lock held; NULL: answered */
static struct user *find(struct exchange *exchange, struct slice id)
{
    struct user *user = users_by_id(&exchange->api_state->users, id);
    if (!user)
        refuse(exchange, 404, "not_found", "Not found");
    return user;
}

static void look_up(struct exchange *exchange, struct slice id)
{
    server_state_lock(exchange->state);
    struct user *user = find(exchange, id);
    if (user)
        answer_user(exchange, user);
    server_state_unlock(exchange->state);
}

/* A body is not documented: none, or an empty object. */
static bool has_no_members(struct exchange *exchange, struct workspace *workspace)
{
    if (exchange->body.len == 0)
        return true;
    const struct json_node *nodes = request_read(exchange, workspace);
    if (nodes && (nodes[0].kind != JSON_OBJECT || nodes[0].children > 0))
        refuse(exchange, 400, "unknown_member", "this request has no members");
    return nodes && exchange->status == 0;
}

static void make_link(struct exchange *exchange, struct workspace *workspace, struct slice id)
{
    if (!has_no_members(exchange, workspace))
        return;
    server_state_lock(exchange->state);
    struct user *user = find(exchange, id);
    if (user && request_needs_link(exchange, user) && request_add_link(exchange, user)) {
        char text[LINK_SIZE];
        struct json_writer writer;
        exchange_begin_answer(exchange, 200, &writer);
        json_write_object(&writer);
        json_write_key(&writer, "kyc");
        json_write_object(&writer);
        json_write_member(&writer, "user_id", user->id);
        json_write_member(&writer, "url",
                          link_text(text, exchange->api->name, user->id, user->standing.links - 1));
        json_write_object_end(&writer);
        json_write_object_end(&writer);
    }
    server_state_unlock(exchange->state);
}

static void handle(struct exchange *exchange, struct workspace *workspace)
{
    struct slice part;
    char text[PATH_ID_SIZE];
    bool get = exchange_method_is(exchange, "GET");
    if (exchange->operation == OPERATION_LINK &&
        exchange_path_is_below(exchange, routes->before, routes->after, &part))
        make_link(exchange, workspace, exchange_decode(part, text, sizeof text));
    else if (!exchange_path_is(exchange, exchange->api->users_path, &part))
        refuse(exchange, 404, "not_found", "Not found");
    else if (part.len == 0 && exchange_method_is(exchange, "POST"))
        create(exchange, workspace);
    else if (part.len == 0 && get)
        list(exchange);
    else if (get)
        look_up(exchange, exchange_decode(part, text, sizeof text));
    else
        refuse(exchange, 405, "method_not_allowed", "Method not allowed");
}

const struct api api_payso = {
    .name = "payso",
    .users_path = "/users",
    .routes = routes,
    .lists_all = true,
    .body_max = 1024 * 1024,
    .trace_header = "x-request-id",
    .faults_before = "{\"errors\":",
    .faults_after = "}",
    .fault_field = "field",
    .check_more = check_more,
    .authenticate = authenticate,
    .handle = handle,
    .throttle = throttle,
    .refuse = refuse,
};
