#include "sandbox/request.h"

#include <assert.h>
#include <string.h>

#include "core/clock.h"
#include "sandbox/api.h"
#include "sandbox/exchange.h"
#include "sandbox/link.h"
#include "sandbox/merge.h"
#include "sandbox/schema.h"
#include "sandbox/server_state.h"

/* A client cannot know yet of a state that moved by itself less than this ago. */
#define UNKNOWN_NS (60 * CLOCK_NS_PER_S)

/* Converts the value of each member `email` to lower case, in the text, so that the body is stored so. */
static void lower_emails(struct buffer *body)
{
    static const char name[] = "\"email\"";
    char *end = body->data + body->len, *cursor = body->data;
    while (body->len > 0 && (cursor = memmem(cursor, (size_t)(end - cursor), name, sizeof name - 1))) {
        cursor += sizeof name - 1;
        while (cursor < end && strchr(": \t\r\n", *cursor))
            cursor++;
        if (cursor == end || *cursor++ != '"')
            continue;
        for (; cursor < end && *cursor != '"'; cursor++)
            if (*cursor >= 'A' && *cursor <= 'Z')
                *cursor = (char)(*cursor | 0x20);
    }
}

const struct json_node *request_read(struct exchange *exchange, struct workspace *workspace)
{
    if (!exchange_is_json(exchange)) {
        exchange->api->refuse(exchange, 415, "unsupported_media_type",
                              "Content-Type must be application/json");
        return NULL;
    }
    if (exchange->state->options->lower_case_emails)
        lower_emails(&exchange->body);
    size_t count;
    struct json_fault fault;
    const struct json_node *nodes =
        json_reader_parse(workspace->reader, buffer_slice(&exchange->body), &count, &fault);
    if (!nodes)
        exchange->api->refuse(exchange, 400, "malformed_json", fault.message);
    return nodes;
}

static bool check(struct exchange *exchange, const struct schema *members, const struct json_node *nodes,
                  bool update, request_more *check_more)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, 422, &writer);
    buffer_append_text(&exchange->answer, exchange->api->faults_before);
    json_write_array(&writer);
    struct schema_faults faults = {
        .writer = &writer, .field_key = exchange->api->fault_field, .update = update};
    schema_check(members, nodes, 0, &faults);
    if (faults.count == 0 && check_more)
        check_more(exchange, nodes, &faults);
    json_write_array_end(&writer);
    buffer_append_text(&exchange->answer, exchange->api->faults_after);
    if (faults.malformed)
        exchange->status = 400;
    return faults.count == 0;
}

bool request_check(struct exchange *exchange, const struct schema *members, const struct json_node *nodes,
                   bool update)
{
    return check(exchange, members, nodes, update, exchange->api->check_more);
}

bool request_check_more(struct exchange *exchange, const struct schema *members,
                        const struct json_node *nodes, request_more *check_more)
{
    return check(exchange, members, nodes, false, check_more);
}

struct slice request_text(const struct json_node *nodes, const char *member)
{
    size_t index = json_member(nodes, 0, member);
    return index && nodes[index].kind == JSON_STRING ? nodes[index].text : slice_make("", 0);
}

static void refuse_state(struct exchange *exchange)
{
    exchange->api->refuse(exchange, 500, "state", "the sandbox cannot write its state");
}

bool request_update(struct exchange *exchange, struct workspace *workspace, const struct json_node *nodes,
                    struct user *user, struct slice left_out)
{
    size_t count;
    struct json_fault fault;
    struct merge_side old = {user->body, json_reader_parse(workspace->second, user->body, &count, &fault)};
    struct merge_side change = {buffer_slice(&exchange->body), nodes};
    assert(old.nodes);
    buffer_reset(&workspace->merged);
    merge_write(&workspace->merged, old, change, left_out);

    struct slice email = request_text(nodes, "email");
    if (email.len == 0 || slice_is(left_out, "email"))
        email = user->email;
    if (server_state_update_user(exchange->state, exchange->api_state, user, email,
                                 buffer_slice(&workspace->merged)))
        return true;
    refuse_state(exchange);
    return false;
}

/* what becomes of a new user; false: the state file cannot be written */
static bool begin_standing(struct exchange *exchange, struct user *user)
{
    struct standing *standing = &user->standing;
    standing->rejected_at_once = exchange->fault == FAULT_REJECTED;
    standing->link_failed = exchange->fault == FAULT_LINK_ERROR;
    standing->not_triggered = exchange->fault == FAULT_NOT_TRIGGERED;
    if (standing->rejected_at_once)
        standing_set(standing, STANDING_REJECTED);
    else if (!standing->not_triggered)
        standing_plan(standing, exchange->state->options, user->id, false);
    return (standing->due_ns == 0 && exchange->fault == FAULT_NONE) ||
           server_state_keep_standing(exchange->state, exchange->api_state, user, NULL);
}

struct user *request_add_user(struct exchange *exchange, struct slice id, struct slice external_id,
                              struct slice email)
{
    struct user new_user = {
        .id = id,
        .external_id = external_id,
        .email = email,
        .body = buffer_slice(&exchange->body),
        .answer_lost = exchange->fault != FAULT_NONE,
    };
    struct user *user = server_state_add_user(exchange->state, exchange->api_state, new_user);
    if (user && begin_standing(exchange, user))
        return user;
    refuse_state(exchange);
    return NULL;
}

bool request_add_link(struct exchange *exchange, struct user *user)
{
    struct api_state *api_state = exchange->api_state;
    standing_add_link(&user->standing, exchange->state->options);
    link_index(&api_state->users, exchange->api->name, user, user->standing.links - 1);
    if (server_state_keep_standing(exchange->state, api_state, user, NULL))
        return true;
    refuse_state(exchange);
    return false;
}

bool request_needs_link(struct exchange *exchange, struct user *user)
{
    if (standing_now(&user->standing) != STANDING_VERIFIED)
        return true;
    exchange->caused_by_fault =
        user->standing.moved_alone && clock_real_ns() - user->standing.changed_ns < UNKNOWN_NS;
    exchange->api->refuse(exchange, 422, "already_verified", "a verified user needs no link");
    return false;
}
