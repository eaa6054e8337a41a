#include "sandbox/request_steps.h"

#include "core/clock.h"
#include "sandbox/api.h"
#include "sandbox/control.h"
#include "sandbox/exchange.h"
#include "sandbox/random.h"
#include "sandbox/server_state.h"

void request_steps_arrive(struct exchange *exchange, uint64_t arrival_ns)
{
    struct server_state *server = exchange->server;
    int found = api_find(exchange->target, &exchange->path);
    exchange->begun = true;
    if (found < 0)
        return;
    exchange->api = api_table[found];
    exchange->api_state = &server->books[found];
    exchange->asked = asked_of(exchange);
    server_state_lock(server);
    exchange->over_limit =
        stats_arrive(&exchange->api_state->stats, exchange->asked, arrival_ns, server->options->rate_per_s);
    exchange->trace = random_next(&server->trace_random);
    server_state_unlock(server);
}

/* with the world's lock held; what leaves is no longer in flight before its first byte is sent, so that a
 * client that answers at once never finds itself counted twice */
static void leave(struct exchange *exchange)
{
    if (!exchange->in_flight)
        return;
    exchange->in_flight = false;
    stats_leave(&exchange->api_state->stats);
}

static uint64_t draw_latency(struct server_state *server)
{
    uint64_t min = server->options->latency_min_ns, max = server->options->latency_max_ns;
    return min + (uint64_t)(random_share(&server->latency_random) * (double)(max - min));
}

uint64_t request_steps_begin(struct exchange *exchange)
{
    struct server_state *server = exchange->server;
    if (!exchange->api)
        return 0;
    /* only now: libmicrohttpd may never learn that a client went away in the middle of a body */
    server_state_lock(server);
    exchange->in_flight = true;
    stats_enter(&exchange->api_state->stats);
    server_state_unlock(server);
    if (exchange->over_limit) {
        exchange->api->throttle(exchange);
    } else {
        struct workspace *workspace = server_state_acquire_workspace(server);
        bool admitted = exchange->api->admit(exchange, workspace);
        server_state_release_workspace(server, workspace);
        if (admitted && exchange->api->claim)
            exchange->api->claim(exchange);
    }

    server_state_lock(server);
    uint64_t hold_ns = draw_latency(server);
    if (exchange->status == 0)
        exchange->fault = fault_plan_draw(&server->faults, exchange->asked);
    if (exchange->fault == FAULT_SLOW) {
        hold_ns += server->options->slow_for_ns;
        leave(exchange);
    }
    server_state_unlock(server);
    /* a slow request waits for its turn: what comes meanwhile finds nothing in hand */
    if (exchange->fault == FAULT_SLOW && exchange->api->release)
        exchange->api->release(exchange);
    return hold_ns;
}

static void do_work(struct exchange *exchange)
{
    if (exchange->body.overflowed || exchange->body.len > exchange->api->body_max) {
        exchange->api->refuse(exchange, 413, "too_large", "the body is too large");
        return;
    }
    struct workspace *workspace = server_state_acquire_workspace(exchange->server);
    exchange->api->work(exchange, workspace);
    server_state_release_workspace(exchange->server, workspace);
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
    struct server_state *server = exchange->server;
    if (!exchange->api) {
        control_answer(exchange);
        return;
    }
    if (exchange->status == 0 && !fault_is_before_work(exchange->fault) &&
        !(exchange->fault == FAULT_SLOW && stopping))
        do_work(exchange);
    answer_fault(exchange);
    if (exchange->api->release)
        exchange->api->release(exchange);
    server_state_lock(server);
    leave(exchange);
    stats_answer(&exchange->api_state->stats, exchange->status, exchange->fault,
                 exchange->over_limit || exchange->caused_by_fault);
    if (exchange->retry_after && !server->options->retry_after_is_date)
        stats_hold(&exchange->api_state->stats, clock_mono_ns(), server->options->retry_after_ns);
    server_state_unlock(server);
}
