#include "sandbox/server_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/memory.h"
#include "sandbox/api.h"
#include "sandbox/exchange.h"

int server_state_open(struct server_state *server, const struct options *options, struct error *error)
{
    assert(api_count <= SERVER_STATE_APIS_MAX);
    *server = (struct server_state){
        .options = options,
        .faults = options->faults,
        .latency_random = options->seed ^ UINT64_C(0x6c6174656e6379),
        .trace_random = options->seed ^ UINT64_C(0x7472616365),
    };
    pthread_mutex_init(&server->lock, NULL);
    idempotency_init(&server->idempotency);
    keyring_init(&server->keyring, options->nonce_window);
    for (size_t i = 0; i < api_count; i++) {
        users_init(&server->books[i].users);
        stats_init(&server->books[i].stats);
    }
    if (!options->state_path)
        return 0;
    struct state *state = memory_new(1, sizeof *state);
    if (state_open(state, options->state_path, server, error)) {
        free(state);
        server_state_close(server);
        return -1;
    }
    server->state = state;
    return 0;
}

void server_state_close(struct server_state *server)
{
    while (server->idle) {
        struct workspace *workspace = server->idle;
        server->idle = workspace->next;
        json_reader_free(workspace->reader);
        json_reader_free(workspace->second);
        buffer_clear(&workspace->merged);
        keyring_hmacs_clear(&workspace->hmacs);
        free(workspace);
    }
    if (server->state) {
        state_close(server->state);
        free(server->state);
    }
    for (size_t i = 0; i < api_count; i++) {
        users_clear(&server->books[i].users);
        stats_clear(&server->books[i].stats);
    }
    idempotency_clear(&server->idempotency);
    keyring_clear(&server->keyring);
    pthread_mutex_destroy(&server->lock);
}

void server_state_lock(struct server_state *server)
{
    pthread_mutex_lock(&server->lock);
}

void server_state_unlock(struct server_state *server)
{
    pthread_mutex_unlock(&server->lock);
}

struct workspace *server_state_acquire_workspace(struct server_state *server)
{
    server_state_lock(server);
    struct workspace *workspace = server->idle;
    if (workspace)
        server->idle = workspace->next;
    server_state_unlock(server);
    if (!workspace) {
        workspace = memory_new(1, sizeof *workspace);
        workspace->reader = json_reader_new();
        workspace->second = json_reader_new();
        buffer_init(&workspace->merged, 2 * EXCHANGE_BODY_MAX);
        keyring_hmacs_init(&workspace->hmacs);
    }
    return workspace;
}

void server_state_release_workspace(struct server_state *server, struct workspace *workspace)
{
    server_state_lock(server);
    workspace->next = server->idle;
    server->idle = workspace;
    server_state_unlock(server);
}

static bool is_written(const struct server_state *server, int result)
{
    if (result)
        log_error("%s: %s", server->state->path, strerror(errno));
    return result == 0;
}

struct user *server_state_add_user(struct server_state *server, struct api_state *api_state, const char *api,
                                   struct user user)
{
    user.created_ns = clock_real_ns();
    struct user *kept = users_add(&api_state->users, user);
    if (server->state && !is_written(server, state_add_user(server->state, api, kept)))
        return NULL;
    return kept;
}

bool server_state_update_user(struct server_state *server, struct api_state *api_state, const char *api,
                              struct user *user, struct slice email, struct slice body)
{
    users_update(&api_state->users, user, email, body);
    return !server->state || is_written(server, state_add_update(server->state, api, user));
}

bool server_state_verify_user(struct server_state *server, const char *api, struct user *user)
{
    user->verified = true;
    return !server->state || is_written(server, state_add_verified(server->state, api, user));
}

bool server_state_keep_idempotency(struct server_state *server, const char *api,
                                   const struct idempotency_entry *entry)
{
    return !server->state || is_written(server, state_add_idempotency(server->state, api, entry));
}

bool server_state_use_nonce(struct server_state *server, int key, uint64_t nonce)
{
    if (!keyring_use_nonce(&server->keyring, key, nonce))
        return false;
    const char *name = credential_table[key].api_key;
    return !server->state || is_written(server, state_add_nonce(server->state, name, nonce));
}
