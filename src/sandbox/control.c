#include "sandbox/control.h"

#include "sandbox/api.h"
#include "sandbox/exchange.h"
#include "sandbox/server_state.h"

static void answer_counts(struct exchange *exchange)
{
    struct server_state *state = exchange->state;
    struct json_writer writer;
    exchange_begin_answer(exchange, 200, &writer);
    json_write_object(&writer);
    server_state_lock(state);
    for (size_t i = 0; i < state->api_count; i++) {
        struct api_state *api_state = &state->apis[i];
        json_write_key(&writer, api_state->api->name);
        json_write_object(&writer);
        json_write_member_unsigned(&writer, "users", api_state->users.count);
        json_write_member_unsigned(&writer, "duplicates", api_state->users.duplicates);
        stats_write(&api_state->stats, &writer);
        json_write_object_end(&writer);
    }
    server_state_unlock(state);
    json_write_object_end(&writer);
    buffer_append_char(&exchange->answer, '\n');
}

static void answer_users(struct exchange *exchange, struct slice name)
{
    struct server_state *state = exchange->state;
    for (size_t i = 0; i < state->api_count; i++) {
        if (!slice_is(name, state->apis[i].api->name))
            continue;
        struct json_writer writer;
        exchange_begin_answer(exchange, 200, &writer);
        exchange->content_type = "application/x-ndjson";
        server_state_lock(state);
        for (size_t row = 0; row < state->apis[i].users.count; row++)
            users_write_line(&exchange->answer, NULL, state->apis[i].users.all[row]);
        server_state_unlock(state);
        return;
    }
    exchange_refuse(exchange, 404, "not_found", "there is no such provider");
}

static void set_faults(struct exchange *exchange)
{
    struct server_state *state = exchange->state;
    struct slice body = buffer_slice(&exchange->body);
    struct error error;
    server_state_lock(state);
    struct fault_plan plan = state->faults;
    server_state_unlock(state);
    fault_plan_clear(&plan);
    struct slice line;
    while (slice_next_line(&body, &line)) {
        if (line.len > 0 && fault_plan_add(&plan, line, &error) != 0) {
            exchange_refuse(exchange, 400, "fault", error.text);
            return;
        }
    }
    server_state_lock(state);
    plan.random = state->faults.random;
    state->faults = plan;
    server_state_unlock(state);
    answer_counts(exchange);
}

static void reset_counts(struct exchange *exchange)
{
    struct server_state *state = exchange->state;
    server_state_lock(state);
    for (size_t i = 0; i < state->api_count; i++)
        stats_reset(&state->apis[i].stats);
    server_state_unlock(state);
    answer_counts(exchange);
}

static void revoke_tokens(struct exchange *exchange)
{
    server_state_lock(exchange->state);
    tokens_revoke(&exchange->state->tokens);
    server_state_unlock(exchange->state);
    answer_counts(exchange);
}

static void revoke_keys(struct exchange *exchange, bool revoked)
{
    server_state_lock(exchange->state);
    exchange->state->keys_revoked = revoked;
    server_state_unlock(exchange->state);
    answer_counts(exchange);
}

/* with the server state's lock held; NULL: no API has a user of this id */
static struct user *find_user(struct server_state *state, struct slice id, struct api_state **api_state)
{
    struct user *user = NULL;
    for (size_t i = 0; i < state->api_count && !user; i++) {
        *api_state = &state->apis[i];
        user = users_by_id(&state->apis[i].users, id);
    }
    return user;
}

static void answer_change(struct exchange *exchange, bool done)
{
    if (done)
        answer_counts(exchange);
    else
        exchange_refuse(exchange, 404, "not_found", "there is no such user");
}

static void verify_user(struct exchange *exchange, struct slice id)
{
    struct server_state *state = exchange->state;
    struct api_state *api_state;
    server_state_lock(state);
    struct user *user = find_user(state, id, &api_state);
    bool done = user && server_state_verify_user(state, api_state, user);
    server_state_unlock(state);
    answer_change(exchange, done);
}

/* The body is the id: kraken-embed's contain blanks, which cannot be in a path. */
static void remove_user(struct exchange *exchange)
{
    struct server_state *state = exchange->state;
    struct api_state *api_state;
    server_state_lock(state);
    struct user *user = find_user(state, buffer_slice(&exchange->body), &api_state);
    if (user)
        user->removed = true;
    server_state_unlock(state);
    answer_change(exchange, user != NULL);
}

void control_answer(struct exchange *exchange)
{
    bool get = exchange_method_is(exchange, "GET"), post = exchange_method_is(exchange, "POST");
    struct slice name;
    if (get && slice_is(exchange->path, "/_sandbox"))
        answer_counts(exchange);
    else if (get && exchange_path_is(exchange, "/_sandbox/users", &name) && name.len > 0)
        answer_users(exchange, name);
    else if (post && slice_is(exchange->path, "/_sandbox/faults"))
        set_faults(exchange);
    else if (post && slice_is(exchange->path, "/_sandbox/reset"))
        reset_counts(exchange);
    else if (post && slice_is(exchange->path, "/_sandbox/revoke-tokens"))
        revoke_tokens(exchange);
    else if (post && slice_is(exchange->path, "/_sandbox/revoke-keys"))
        revoke_keys(exchange, true);
    else if (post && slice_is(exchange->path, "/_sandbox/restore-keys"))
        revoke_keys(exchange, false);
    else if (post && exchange_path_is(exchange, "/_sandbox/verify", &name) && name.len > 0)
        verify_user(exchange, name);
    else if (post && slice_is(exchange->path, "/_sandbox/remove"))
        remove_user(exchange);
    else
        exchange_refuse(exchange, 404, "not_found", "there is no such path");
}
