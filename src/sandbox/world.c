#include "sandbox/world.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/memory.h"
#include "sandbox/api.h"
#include "sandbox/exchange.h"

int world_open(struct world *world, const struct options *options, struct error *error)
{
    assert(api_count <= WORLD_APIS_MAX);
    *world = (struct world){
        .options = options,
        .faults = options->faults,
        .latency_random = options->seed ^ UINT64_C(0x6c6174656e6379),
        .trace_random = options->seed ^ UINT64_C(0x7472616365),
    };
    pthread_mutex_init(&world->lock, NULL);
    idempotency_init(&world->idempotency);
    keyring_init(&world->keyring, options->nonce_window);
    for (size_t i = 0; i < api_count; i++) {
        users_init(&world->books[i].users);
        counts_init(&world->books[i].counts);
    }
    if (!options->state_path)
        return 0;
    struct state *state = memory_new(1, sizeof *state);
    if (state_open(state, options->state_path, world, error)) {
        free(state);
        world_close(world);
        return -1;
    }
    world->state = state;
    return 0;
}

void world_close(struct world *world)
{
    while (world->idle) {
        struct workspace *workspace = world->idle;
        world->idle = workspace->next;
        json_reader_free(workspace->reader);
        json_reader_free(workspace->second);
        buffer_clear(&workspace->merged);
        keyring_hmacs_clear(&workspace->hmacs);
        free(workspace);
    }
    if (world->state) {
        state_close(world->state);
        free(world->state);
    }
    for (size_t i = 0; i < api_count; i++) {
        users_clear(&world->books[i].users);
        counts_clear(&world->books[i].counts);
    }
    idempotency_clear(&world->idempotency);
    keyring_clear(&world->keyring);
    pthread_mutex_destroy(&world->lock);
}

void world_lock(struct world *world)
{
    pthread_mutex_lock(&world->lock);
}

void world_unlock(struct world *world)
{
    pthread_mutex_unlock(&world->lock);
}

struct workspace *world_take_workspace(struct world *world)
{
    world_lock(world);
    struct workspace *workspace = world->idle;
    if (workspace)
        world->idle = workspace->next;
    world_unlock(world);
    if (!workspace) {
        workspace = memory_new(1, sizeof *workspace);
        workspace->reader = json_reader_new();
        workspace->second = json_reader_new();
        buffer_init(&workspace->merged, 2 * EXCHANGE_BODY_MAX);
        keyring_hmacs_init(&workspace->hmacs);
    }
    return workspace;
}

void world_give_workspace(struct world *world, struct workspace *workspace)
{
    world_lock(world);
    workspace->next = world->idle;
    world->idle = workspace;
    world_unlock(world);
}

static bool is_written(const struct world *world, int result)
{
    if (result)
        log_error("%s: %s", world->state->path, strerror(errno));
    return result == 0;
}

struct user *world_add_user(struct world *world, struct book *book, const char *api, struct user user)
{
    user.created_ns = clock_real_ns();
    struct user *kept = users_add(&book->users, user);
    if (world->state && !is_written(world, state_add_user(world->state, api, kept)))
        return NULL;
    return kept;
}

bool world_update_user(struct world *world, struct book *book, const char *api, struct user *user,
                       struct slice email, struct slice body)
{
    users_update(&book->users, user, email, body);
    return !world->state || is_written(world, state_add_update(world->state, api, user));
}

bool world_verify_user(struct world *world, const char *api, struct user *user)
{
    user->verified = true;
    return !world->state || is_written(world, state_add_verified(world->state, api, user));
}

bool world_keep_idempotency(struct world *world, const char *api, const struct idempotency_entry *entry)
{
    return !world->state || is_written(world, state_add_idempotency(world->state, api, entry));
}

bool world_use_nonce(struct world *world, int key, uint64_t nonce)
{
    if (!keyring_use_nonce(&world->keyring, key, nonce))
        return false;
    const char *name = credential_table[key].api_key;
    return !world->state || is_written(world, state_add_nonce(world->state, name, nonce));
}
