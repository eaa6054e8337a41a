#include "sandbox/server_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/memory.h"
#include "sandbox/api.h"

int server_state_open(struct server_state *state, const struct options *options,
                      const struct api *const *apis, size_t api_count, struct error *error)
{
    assert(api_count <= SERVER_STATE_APIS_MAX);
    *state = (struct server_state){
        .options = options,
        .api_count = api_count,
        .faults = options->faults,
        .latency_random = options->seed ^ UINT64_C(0x6c6174656e6379),
        .trace_random = options->seed ^ UINT64_C(0x7472616365),
    };
    pthread_mutex_init(&state->lock, NULL);
    idempotency_init(&state->idempotency);
    keyring_init(&state->keyring, options->nonce_window);
    for (size_t i = 0; i < api_count; i++) {
        state->apis[i].api = apis[i];
        users_init(&state->apis[i].users);
        stats_init(&state->apis[i].stats);
    }
    if (!options->state_path)
        return 0;
    struct state_file *file = memory_new(1, sizeof *file);
    if (state_file_open(file, options->state_path, state, error) != 0) {
        free(file);
        server_state_close(state);
        return -1;
    }
    state->file = file;
    return 0;
}

void server_state_close(struct server_state *state)
{
    while (state->idle) {
        struct workspace *workspace = state->idle;
        state->idle = workspace->next;
        json_reader_free(workspace->reader);
        json_reader_free(workspace->second);
        buffer_clear(&workspace->merged);
        keyring_hmacs_clear(&workspace->hmacs);
        free(workspace);
    }
    if (state->file) {
        state_file_close(state->file);
        free(state->file);
    }
    for (size_t i = 0; i < state->api_count; i++) {
        users_clear(&state->apis[i].users);
        stats_clear(&state->apis[i].stats);
    }
    idempotency_clear(&state->idempotency);
    keyring_clear(&state->keyring);
    pthread_mutex_destroy(&state->lock);
}

void server_state_lock(struct server_state *state)
{
    pthread_mutex_lock(&state->lock);
}

void server_state_unlock(struct server_state *state)
{
    pthread_mutex_unlock(&state->lock);
}

struct workspace *server_state_acquire_workspace(struct server_state *state)
{
    server_state_lock(state);
    struct workspace *workspace = state->idle;
    if (workspace)
        state->idle = workspace->next;
    server_state_unlock(state);
    if (!workspace) {
        workspace = memory_new(1, sizeof *workspace);
        workspace->reader = json_reader_new();
        workspace->second = json_reader_new();
        buffer_init(&workspace->merged, 2 * SERVER_STATE_BODY_MAX);
        keyring_hmacs_init(&workspace->hmacs);
    }
    return workspace;
}

void server_state_release_workspace(struct server_state *state, struct workspace *workspace)
{
    server_state_lock(state);
    workspace->next = state->idle;
    state->idle = workspace;
    server_state_unlock(state);
}

static bool is_written(const struct server_state *state, int result)
{
    if (result != 0)
        log_error("%s: %s", state->file->path, strerror(errno));
    return result == 0;
}

struct user *server_state_add_user(struct server_state *state, struct api_state *api_state, struct user user)
{
    user.created_ns = clock_real_ns();
    struct user *stored = users_add(&api_state->users, user);
    if (state->file && !is_written(state, state_file_add_user(state->file, api_state->api->name, stored)))
        return NULL;
    return stored;
}

bool server_state_update_user(struct server_state *state, struct api_state *api_state, struct user *user,
                              struct slice email, struct slice body)
{
    users_update(&api_state->users, user, email, body);
    return !state->file || is_written(state, state_file_add_update(state->file, api_state->api->name, user));
}

bool server_state_keep_standing(struct server_state *state, const struct api_state *api_state,
                                const struct user *user, const uint8_t *document)
{
    return !state->file ||
           is_written(state, state_file_add_standing(state->file, api_state->api->name, user, document));
}

bool server_state_record_idempotency(struct server_state *state, const struct api_state *api_state,
                                     const struct idempotency_entry *entry)
{
    return !state->file ||
           is_written(state, state_file_add_idempotency(state->file, api_state->api->name, entry));
}

bool server_state_use_nonce(struct server_state *state, int key, uint64_t nonce)
{
    if (!keyring_use_nonce(&state->keyring, key, nonce))
        return false;
    const char *name = credential_table[key].api_key;
    return !state->file || is_written(state, state_file_add_nonce(state->file, name, nonce));
}
