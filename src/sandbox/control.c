#include "sandbox/control.h"

#include "sandbox/api.h"
#include "sandbox/exchange.h"
#include "sandbox/server_state.h"

static void write_number(struct json_writer *writer, const char *key, uint64_t number)
{
    json_write_key(writer, key);
    json_write_unsigned(writer, number);
}

static void answer_counts(struct exchange *exchange)
{
    struct server_state *server = exchange->server;
    struct json_writer writer;
    exchange_begin_answer(exchange, 200, &writer);
    json_write_object(&writer);
    server_state_lock(server);
    for (size_t i = 0; i < api_count; i++) {
        struct api_state *api_state = &server->books[i];
        json_write_key(&writer, api_table[i]->name);
        json_write_object(&writer);
        write_number(&writer, "users", api_state->users.count);
        write_number(&writer, "duplicates", api_state->users.duplicates);
        stats_write(&api_state->stats, &writer);
        json_write_object_end(&writer);
    }
    server_state_unlock(server);
    json_write_object_end(&writer);
    buffer_append_char(&exchange->answer, '\n');
}

static void answer_users(struct exchange *exchange, struct slice name)
{
    struct server_state *server = exchange->server;
    for (size_t i = 0; i < api_count; i++) {
        if (!slice_is(name, api_table[i]->name))
            continue;
        struct json_writer writer;
        exchange_begin_answer(exchange, 200, &writer);
        exchange->content_type = "application/x-ndjson";
        server_state_lock(server);
        for (size_t row = 0; row < server->books[i].users.count; row++)
            users_write_line(&exchange->answer, NULL, server->books[i].users.all[row]);
        server_state_unlock(server);
        return;
    }
    exchange_refuse(exchange, 404, "not_found", "there is no such provider");
}

static void set_faults(struct exchange *exchange)
{
    struct server_state *server = exchange->server;
    struct slice body = buffer_slice(&exchange->body);
    struct error error;
    server_state_lock(server);
    struct fault_plan plan = server->faults;
    server_state_unlock(server);
    fault_plan_clear(&plan);
    for (size_t offset = 0; offset < body.len;) {
        const char *end = memchr(body.data + offset, '\n', body.len - offset);
        size_t len = end ? (size_t)(end - body.data) - offset : body.len - offset;
        if (len > 0 && fault_plan_add(&plan, slice_make(body.data + offset, len), &error)) {
            exchange_refuse(exchange, 400, "fault", error.text);
            return;
        }
        offset += len + 1;
    }
    server_state_lock(server);
    plan.random = server->faults.random;
    server->faults = plan;
    server_state_unlock(server);
    answer_counts(exchange);
}

static void reset_counts(struct exchange *exchange)
{
    struct server_state *server = exchange->server;
    server_state_lock(server);
    for (size_t i = 0; i < api_count; i++)
        stats_reset(&server->books[i].stats);
    server_state_unlock(server);
    answer_counts(exchange);
}

static void revoke_tokens(struct exchange *exchange)
{
    server_state_lock(exchange->server);
    tokens_revoke(&exchange->server->tokens);
    server_state_unlock(exchange->server);
    answer_counts(exchange);
}

static void revoke_keys(struct exchange *exchange, bool revoked)
{
    server_state_lock(exchange->server);
    exchange->server->keys_revoked = revoked;
    server_state_unlock(exchange->server);
    answer_counts(exchange);
}

static void verify_user(struct exchange *exchange, struct slice id)
{
    struct server_state *server = exchange->server;
    bool done = false;
    server_state_lock(server);
    for (size_t i = 0; i < api_count && !done; i++) {
        struct user *user = users_by_id(&server->books[i].users, id);
        done = user && server_state_verify_user(server, api_table[i]->name, user);
    }
    server_state_unlock(server);
    if (done)
        answer_counts(exchange);
    else
        exchange_refuse(exchange, 404, "not_found", "there is no such user");
}

/* The body is his id: one with blanks has no place in a path. */
static void remove_user(struct exchange *exchange)
{
    struct slice id = buffer_slice(&exchange->body);
    struct server_state *server = exchange->server;
    bool done = false;
    server_state_lock(server);
    for (size_t i = 0; i < api_count && !done; i++) {
        struct user *user = users_by_id(&server->books[i].users, id);
        done = user != NULL;
        if (user)
            user->removed = true;
    }
    server_state_unlock(server);
    if (done)
        answer_counts(exchange);
    else
        exchange_refuse(exchange, 404, "not_found", "there is no such user");
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
