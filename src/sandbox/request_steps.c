#include "sandbox/request_steps.h"

#include <string.h>

#include "core/clock.h"
#include "sandbox/api.h"
#include "sandbox/control.h"
#include "sandbox/exchange.h"
#include "sandbox/random.h"
#include "sandbox/server_state.h"

/* Finds the API by the target's prefix, and the path: the rest of the target without the query. */
static void find_api(struct exchange *exchange)
{
    struct server_state *state = exchange->state;
    const char *target = exchange->target;
    size_t len = strcspn(target, "?");
    exchange->path = slice_make(target, len);
    for (size_t i = 0; i < state->api_count; i++) {
        const struct api *api = state->apis[i].api;
        size_t name_len = strlen(api->name);
        if (len <= name_len || target[0] != '/' || memcmp(target + 1, api->name, name_len) != 0 ||
            (len > 1 + name_len && target[1 + name_len] != '/'))
            continue;
        exchange->api = api;
        exchange->api_state = &state->apis[i];
        exchange->path = slice_make(target + 1 + name_len, len - 1 - name_len);
        return;
    }
}

static enum operation find_operation(const struct exchange *exchange)
{
    const struct api *api = exchange->api;
    struct slice id;
    bool get = exchange_method_is(exchange, "GET"), post = exchange_method_is(exchange, "POST");
    if (post && api->login_path && slice_is(exchange->path, api->login_path))
        return OPERATION_LOGIN;
    for (const struct api_route *route = post ? api->routes : NULL; route && route->before; route++)
        if (exchange_path_is_below(exchange, route->before, route->after, &id))
            return route->operation;
    if (!exchange_path_is(exchange, api->users_path, &id))
        return OPERATION_OTHER;
    if (id.len > 0)
        return get ? OPERATION_FETCH : post ? OPERATION_OTHER : OPERATION_UPDATE;
    if (get)
        return api->lists_all ? OPERATION_LIST : OPERATION_LOOK_UP;
    return post ? OPERATION_CREATE : OPERATION_OTHER;
}

void request_steps_arrive(struct exchange *exchange, uint64_t arrival_ns)
{
    struct server_state *state = exchange->state;
    exchange->begun = true;
    find_api(exchange);
    if (!exchange->api)
        return;
    exchange->operation = find_operation(exchange);
    server_state_lock(state);
    exchange->over_limit = stats_arrive(&exchange->api_state->stats, exchange->operation, arrival_ns,
                                        state->options->rate_per_s);
    exchange->trace = random_next(&state->trace_random);
    server_state_unlock(state);
}

/* With the server state's lock held. A request stops counting as in flight before the first byte of its
 * answer is sent, so that a client that reacts at once is never counted twice. */
static void leave(struct exchange *exchange)
{
    if (!exchange->in_flight)
        return;
    exchange->in_flight = false;
    stats_leave(&exchange->api_state->stats);
}

static uint64_t draw_latency(struct server_state *state)
{
    uint64_t min = state->options->latency_min_ns, max = state->options->latency_max_ns;
    return min + (uint64_t)(random_share(&state->latency_random) * (double)(max - min));
}

uint64_t request_steps_begin(struct exchange *exchange)
{
    struct server_state *state = exchange->state;
    if (!exchange->api)
        return 0;
    /* not at its arrival: libmicrohttpd may never notice a client that disappears in the middle of a body */
    server_state_lock(state);
    exchange->in_flight = true;
    stats_enter(&exchange->api_state->stats);
    server_state_unlock(state);
    if (exchange->over_limit) {
        exchange->api->throttle(exchange);
    } else {
        struct workspace *workspace = server_state_acquire_workspace(state);
        bool authenticated = exchange->api->authenticate(exchange, workspace);
        server_state_release_workspace(state, workspace);
        if (authenticated && exchange->api->lock)
            exchange->api->lock(exchange);
    }

    server_state_lock(state);
    uint64_t delay_ns = draw_latency(state);
    if (exchange->status == 0)
        exchange->fault = fault_plan_draw(&state->faults, exchange->operation);
    if (exchange->fault == FAULT_SLOW) {
        delay_ns += state->options->slow_for_ns;
        leave(exchange);
    }
    server_state_unlock(state);
    /* a slow request is not being handled while it waits: a repeat that arrives meanwhile is not refused */
    if (exchange->fault == FAULT_SLOW && exchange->api->unlock)
        exchange->api->unlock(exchange);
    return delay_ns;
}

static void handle(struct exchange *exchange)
{
    if (exchange->body.overflowed || exchange->body.len > exchange->api->body_max) {
        exchange->api->refuse(exchange, 413, "too_large", "the body is too large");
        return;
    }
    struct workspace *workspace = server_state_acquire_workspace(exchange->state);
    exchange->api->handle(exchange, workspace);
    server_state_release_workspace(exchange->state, workspace);
}

static void answer_garbage(struct exchange *exchange)
{
    exchange->status = 200;
    exchange->content_type = "text/html";
    buffer_reset(&exchange->answer);
    buffer_append_text(&exchange->answer, "<html><body>It works!</body></html>\n");
}

static void answer_not_found(struct exchange *exchange)
{
    exchange->status = 404;
    exchange->content_type = "text/html";
    buffer_reset(&exchange->answer);
    buffer_append_text(&exchange->answer, "<html><body>404 Not Found</body></html>\n");
}

static void answer_fault(struct exchange *exchange)
{
    switch (exchange->fault) {
    case FAULT_STATUS_401:
        exchange->api->refuse(exchange, 401, "unauthorized", "not known, this once");
        break;
    case FAULT_STATUS_500:
        exchange->api->refuse(exchange, 500, "internal", "something went wrong");
        break;
    case FAULT_STATUS_503:
        exchange->api->refuse(exchange, 503, "unavailable", "try again later");
        break;
    case FAULT_RETRY_AFTER:
        exchange->api->refuse(exchange, 503, "maintenance", "come back later");
        exchange->retry_after = true;
        break;
    case FAULT_STATUS_429:
        exchange->api->throttle(exchange);
        break;
    case FAULT_NOT_FOUND:
        answer_not_found(exchange);
        break;
    case FAULT_STATUS_422:
        exchange->api->refuse(exchange, 422, "rejected", "this cannot be processed");
        break;
    case FAULT_GARBAGE:
        answer_garbage(exchange);
        break;
    case FAULT_RESET:
    case FAULT_DROP:
        exchange->status = 0;
        break;
    default:
        break;
    }
}

void request_steps_finish(struct exchange *exchange, bool stopping)
{
    struct server_state *state = exchange->state;
    if (!exchange->api) {
        control_answer(exchange);
        return;
    }
    if (exchange->status == 0 && !fault_is_before_handling(exchange->fault) &&
        !(exchange->fault == FAULT_SLOW && stopping))
        handle(exchange);
    answer_fault(exchange);
    if (exchange->api->unlock)
        exchange->api->unlock(exchange);
    server_state_lock(state);
    leave(exchange);
    stats_answer(&exchange->api_state->stats, exchange->status, exchange->fault,
                 exchange->over_limit || exchange->caused_by_fault);
    if (exchange->retry_after && !state->options->retry_after_is_date)
        stats_note_retry_after(&exchange->api_state->stats, clock_mono_ns(), state->options->retry_after_ns);
    server_state_unlock(state);
}
