#include "sandbox/control.h"

#include "sandbox/api.h"
#include "sandbox/exchange.h"
#include "sandbox/server_state.h"

/* Writes the counts of all users of an API: of links, documents and states. */
static void write_standings(struct json_writer *writer, struct users *users)
{
    uint64_t links = 0, duplicate_links = 0, documents = 0, duplicate_documents = 0, deleted = 0;
    uint64_t states[STANDING_STATES] = {0};
    for (size_t row = 0; row < users->count; row++) {
        struct standing *standing = &users->all[row]->standing;
        links += standing->links;
        duplicate_links += standing->duplicate_links;
        documents += standing->documents;
        duplicate_documents += standing->duplicate_documents;
        states[standing_now(standing)] += !users->all[row]->removed;
        deleted += users->all[row]->removed;
    }
    json_write_member_unsigned(writer, "links", links);
    json_write_member_unsigned(writer, "duplicate_links", duplicate_links);
    json_write_member_unsigned(writer, "documents", documents);
    json_write_member_unsigned(writer, "duplicate_documents", duplicate_documents);
    json_write_key(writer, "states");
    json_write_object(writer);
    for (int state = 0; state < STANDING_STATES; state++)
        if (states[state] > 0)
            json_write_member_unsigned(writer, standing_word((enum standing_state)state), states[state]);
    if (deleted > 0)
        json_write_member_unsigned(writer, "deleted", deleted);
    json_write_object_end(writer);
}

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
        write_standings(&writer, &api_state->users);
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

/* With the server state's lock held; NULL: there is no user of this id. api: NULL for any. */
static struct user *find_user(struct server_state *state, const char *api, struct slice id,
                              struct api_state **api_state)
{
    struct user *user = NULL;
    for (size_t i = 0; i < state->api_count && !user; i++) {
        *api_state = &state->apis[i];
        if (!api || strcmp(api, state->apis[i].api->name) == 0)
            user = users_by_id(&state->apis[i].users, id);
    }
    return user;
}

/* state: STANDING_STATES to delete the user */
static void set_state(struct exchange *exchange, const char *api, struct slice id, enum standing_state wanted)
{
    struct server_state *state = exchange->state;
    struct api_state *api_state;
    server_state_lock(state);
    struct user *user = find_user(state, api, id, &api_state);
    if (user && wanted == STANDING_STATES)
        user->removed = true;
    else if (user)
        standing_set(&user->standing, wanted);
    bool done = user && server_state_keep_standing(state, api_state, user, NULL);
    server_state_unlock(state);
    if (done)
        answer_counts(exchange);
    else
        exchange_refuse(exchange, 404, "not_found", "there is no such user");
}

static void set_named_state(struct exchange *exchange)
{
    const char *api = exchange_parameter(exchange, "api");
    struct slice id = slice_from(exchange_parameter(exchange, "user"));
    struct slice word = slice_from(exchange_parameter(exchange, "state"));
    enum standing_state state = STANDING_STATES;
    if (!standing_read(word, &state) && !slice_is(word, "deleted"))
        exchange_refuse(exchange, 400, "state", "there is no such state");
    else
        set_state(exchange, api, id, state);
}

/* A person opens a link and does what it asks for. */
static void visit(struct exchange *exchange)
{
    struct server_state *state = exchange->state;
    struct slice link = buffer_slice(&exchange->body);
    bool done = false;
    server_state_lock(state);
    for (size_t i = 0; i < state->api_count && !done; i++) {
        struct user *user = users_by_link(&state->apis[i].users, link);
        if (!user)
            continue;
        standing_act(&user->standing, state->options, user->id);
        user->standing.link_open = false;
        done = server_state_keep_standing(state, &state->apis[i], user, NULL);
    }
    server_state_unlock(state);
    if (done)
        answer_counts(exchange);
    else
        exchange_refuse(exchange, 404, "not_found", "there is no such link");
}

/* The time that has passed is the body. */
static void pass_time(struct exchange *exchange)
{
    struct server_state *state = exchange->state;
    uint64_t passed_ns;
    if (!options_read_time(buffer_slice(&exchange->body), &passed_ns)) {
        exchange_refuse(exchange, 400, "time", "this is not a time, such as 12h");
        return;
    }
    server_state_lock(state);
    for (size_t i = 0; i < state->api_count; i++) {
        struct api_state *api_state = &state->apis[i];
        for (size_t row = 0; row < api_state->users.count; row++) {
            struct user *user = api_state->users.all[row];
            if (!user->removed && standing_hasten(&user->standing, passed_ns))
                server_state_keep_standing(state, api_state, user, NULL);
        }
    }
    server_state_unlock(state);
    answer_counts(exchange);
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
        set_state(exchange, NULL, name, STANDING_VERIFIED);
    else if (post && slice_is(exchange->path, "/_sandbox/remove"))
        /* the body is the id: kraken-embed's contain blanks, which cannot be in a path */
        set_state(exchange, NULL, buffer_slice(&exchange->body), STANDING_STATES);
    else if (post && slice_is(exchange->path, "/_sandbox/verification"))
        set_named_state(exchange);
    else if (post && slice_is(exchange->path, "/_sandbox/visit"))
        visit(exchange);
    else if (post && slice_is(exchange->path, "/_sandbox/later"))
        pass_time(exchange);
    else
        exchange_refuse(exchange, 404, "not_found", "there is no such path");
}
