#include "sandbox/control.h"

#include "sandbox/api.h"
#include "sandbox/exchange.h"
#include "sandbox/world.h"

static void write_number(struct json_writer *writer, const char *key, uint64_t number)
{
    json_write_key(writer, key);
    json_write_unsigned(writer, number);
}

static void answer_counts(struct exchange *exchange)
{
    struct world *world = exchange->world;
    struct json_writer writer;
    exchange_begin_answer(exchange, 200, &writer);
    json_write_object(&writer);
    world_lock(world);
    for (size_t i = 0; i < api_count; i++) {
        struct book *book = &world->books[i];
        json_write_key(&writer, api_table[i]->name);
        json_write_object(&writer);
        write_number(&writer, "users", book->users.count);
        write_number(&writer, "duplicates", book->users.duplicates);
        counts_write(&book->counts, &writer);
        json_write_object_end(&writer);
    }
    world_unlock(world);
    json_write_object_end(&writer);
    buffer_append_char(&exchange->answer, '\n');
}

static void answer_users(struct exchange *exchange, struct slice name)
{
    struct world *world = exchange->world;
    for (size_t i = 0; i < api_count; i++) {
        if (!slice_is(name, api_table[i]->name))
            continue;
        struct json_writer writer;
        exchange_begin_answer(exchange, 200, &writer);
        exchange->content_type = "application/x-ndjson";
        world_lock(world);
        for (size_t row = 0; row < world->books[i].users.count; row++)
            users_write_line(&exchange->answer, NULL, world->books[i].users.all[row]);
        world_unlock(world);
        return;
    }
    exchange_refuse(exchange, 404, "not_found", "there is no such provider");
}

static void set_faults(struct exchange *exchange)
{
    struct world *world = exchange->world;
    struct slice body = buffer_slice(&exchange->body);
    struct error error;
    world_lock(world);
    struct fault_plan plan = world->faults;
    world_unlock(world);
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
    world_lock(world);
    plan.random = world->faults.random;
    world->faults = plan;
    world_unlock(world);
    answer_counts(exchange);
}

static void reset_counts(struct exchange *exchange)
{
    struct world *world = exchange->world;
    world_lock(world);
    for (size_t i = 0; i < api_count; i++)
        counts_reset(&world->books[i].counts);
    world_unlock(world);
    answer_counts(exchange);
}

static void revoke_tokens(struct exchange *exchange)
{
    world_lock(exchange->world);
    tokens_revoke(&exchange->world->tokens);
    world_unlock(exchange->world);
    answer_counts(exchange);
}

static void revoke_keys(struct exchange *exchange, bool revoked)
{
    world_lock(exchange->world);
    exchange->world->keys_revoked = revoked;
    world_unlock(exchange->world);
    answer_counts(exchange);
}

static void verify_user(struct exchange *exchange, struct slice id)
{
    struct world *world = exchange->world;
    bool done = false;
    world_lock(world);
    for (size_t i = 0; i < api_count && !done; i++) {
        struct user *user = users_by_id(&world->books[i].users, id);
        done = user && world_verify_user(world, api_table[i]->name, user);
    }
    world_unlock(world);
    if (done)
        answer_counts(exchange);
    else
        exchange_refuse(exchange, 404, "not_found", "there is no such user");
}

/* The body is his id: one with blanks has no place in a path. */
static void remove_user(struct exchange *exchange)
{
    struct slice id = buffer_slice(&exchange->body);
    struct world *world = exchange->world;
    bool done = false;
    world_lock(world);
    for (size_t i = 0; i < api_count && !done; i++) {
        struct user *user = users_by_id(&world->books[i].users, id);
        done = user != NULL;
        if (user)
            user->removed = true;
    }
    world_unlock(world);
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
