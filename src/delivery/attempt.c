#include "delivery/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/secret.h"
#include "core/text.h"
#include "delivery/curl_setup.h"
#include "provider/outcome_table.h"
#include "provider/retained_fields.h"

enum { TRANSPORT_SIZE = CURL_ERROR_SIZE + 32, HTTP_FIRST_FINAL = 200, HTTP_FIRST_NOT_SUCCESS = 300 };

/* Whether the connection that libcurl chose may carry the request. Aborting closes it. */
static bool may_use(struct attempt *attempt, const struct socket_address *address,
                    struct socket_entry **entry)
{
    struct sockets *sockets = &attempt->endpoint->sockets;
    switch (sockets_check(sockets, address, entry)) {
    case SOCKET_USABLE:
        return true;
    case SOCKET_READABLE:
        if (sockets->dropped++ == 0)
            log_debug(
                "the provider closed a kept connection, or sent unexpected bytes on it: no request is sent on such a connection");
        attempt->deferred = true;
        return false;
    case SOCKET_UNKNOWN:
        break;
    }
    attempt->socket_unknown = true;
    return false;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type of a CURLOPT_PREREQFUNCTION. */
static int on_leave(void *context, char *remote, char *local, int remote_port, int local_port)
{
    const struct socket_address address = {remote, local, remote_port, local_port};
    struct socket_entry *entry;
    struct attempt *attempt = context;
    if (attempt->sent) {
        attempt->repeated = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (!may_use(attempt, &address, &entry))
        return CURL_PREREQFUNC_ABORT;
    if (send_gate_may_close(attempt->endpoint->gate))
        failpoint("request at the gate");
    uint64_t now = clock_mono_ns();
    if (!key_slot_may_send(attempt->key_slot, clock_boot_ns()) ||
        !send_gate_pass(attempt->endpoint->gate, now, clock_boot_ns())) {
        attempt->deferred = true;
        return CURL_PREREQFUNC_ABORT;
    }
    attempt->sent_ns = now;
    entry->used = attempt->sent = true;
    return CURL_PREREQFUNC_OK;
}

static size_t on_header(char *cursor, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;
    return response_add_header(&attempt->response, slice_make(cursor, size * count)) ? size * count : 0;
}

static long status_of(const struct attempt *attempt)
{
    long status = 0;
    curl_setup_check(curl_easy_getinfo(attempt->easy, CURLINFO_RESPONSE_CODE, &status));
    return status;
}

static size_t on_body(char *cursor, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;
    struct delivery *delivery = attempt->delivery;
    if (delivery->sink && status_of(attempt) / 100 == 2) {
        struct slice bytes = slice_make(cursor, size * count);
        if (!delivery->sink(delivery->sink_context, bytes)) {
            attempt->unusable = true;
            return 0;
        }
        attempt->sink_bytes += bytes.len;
        response_add_body(&attempt->response, bytes); /* a small one is classified too: it may be an error */
        return bytes.len;
    }
    return response_add_body(&attempt->response, slice_make(cursor, size * count)) ? size * count : 0;
}

static void set_endpoint(CURL *easy, const struct endpoint *endpoint)
{
    curl_setup_set(easy, CURLOPT_URL, endpoint->origin);
    curl_setup_set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_setup_set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_setup_set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_setup_set(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_setup_set(easy, CURLOPT_PROXY, endpoint->proxy);
    curl_setup_set(easy, CURLOPT_NOPROXY, "");
    curl_setup_set(easy, CURLOPT_MAXAGE_CONN, 20L);
    curl_setup_set(easy, CURLOPT_TIMEOUT_MS, endpoint->timeout_ms);
    curl_setup_set(easy, CURLOPT_CONNECTTIMEOUT_MS, endpoint->connect_ms);
    curl_setup_set(easy, CURLOPT_USERAGENT, "kyc-import/" KYC_VERSION);
}

struct attempt *attempt_new(struct endpoint *endpoint)
{
    struct attempt *attempt = memory_new(1, sizeof *attempt);
    attempt->endpoint = endpoint;
    buffer_init_wiped(&attempt->request.body, ATTEMPT_BODY_MAX);
    response_init(&attempt->response);
    return attempt;
}

static CURL *make_handle(struct attempt *attempt)
{
    CURL *easy = curl_easy_init();
    if (!easy)
        memory_out();
    set_endpoint(easy, attempt->endpoint);
    curl_setup_trust(easy, &attempt->endpoint->ca_bundle);
    sockets_track(&attempt->endpoint->sockets, easy);
    curl_setup_set(easy, CURLOPT_SHARE, attempt->endpoint->share);
    curl_setup_set(easy, CURLOPT_NOSIGNAL, 1L);
    curl_setup_set(easy, CURLOPT_PRIVATE, attempt);
    curl_setup_set(easy, CURLOPT_ERRORBUFFER, attempt->error_text);
    curl_setup_set(easy, CURLOPT_PREREQFUNCTION, on_leave);
    curl_setup_set(easy, CURLOPT_PREREQDATA, attempt);
    curl_setup_set(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_setup_set(easy, CURLOPT_HEADERDATA, attempt);
    curl_setup_set(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_setup_set(easy, CURLOPT_WRITEDATA, attempt);
    return easy;
}

void attempt_end(struct attempt *attempt)
{
    curl_easy_cleanup(attempt->easy);
    attempt->easy = NULL;
    attempt->delivery = NULL;
}

void attempt_free(struct attempt *attempt)
{
    if (!attempt)
        return;
    attempt_end(attempt);
    secret_wipe(&attempt->headers, sizeof attempt->headers);
    buffer_clear(&attempt->request.body);
    response_clear(&attempt->response);
    free(attempt);
}

const char *attempt_build(struct attempt *attempt, struct delivery *delivery)
{
    struct provider_request *request = &attempt->request;
    delivery->call.job = attempt->endpoint->job;
    delivery->call.base_path = attempt->endpoint->base_path;
    const char *fault = attempt->endpoint->provider->build(&delivery->call, request);
    if (fault || request->body.overflowed)
        return fault ? fault : "the request is larger than 10 MiB";
    attempt->delivery = delivery;
    attempt->sent = attempt->deferred = attempt->socket_unknown = attempt->repeated = false;
    attempt->sent_ns = 0;
    attempt->sink_bytes = 0;
    attempt->unusable = false;
    if (delivery->sink)
        delivery->sink(delivery->sink_context, slice_make(NULL, 0));
    attempt->error_text[0] = '\0';
    response_reset(&attempt->response);
    return NULL;
}

/* `Expect:` empty: no waiting for a 100 before the body. */
static struct curl_slist *link_headers(struct attempt *attempt)
{
    static char accept[] = "Accept: application/json", expect[] = "Expect:";
    struct curl_slist *nodes = attempt->nodes;
    nodes[0].data = accept;
    nodes[1].data = expect;
    size_t count = ATTEMPT_OWN_HEADERS;
    for (size_t i = 0; i < attempt->headers.count; i++)
        nodes[count++].data = attempt->headers.lines[i];
    for (size_t i = 0; i < count; i++)
        nodes[i].next = i + 1 < count ? &nodes[i + 1] : NULL;
    return nodes;
}

void attempt_sign(struct attempt *attempt, struct key_slot *key_slot)
{
    const struct provider_request *request = &attempt->request;
    CURL *easy = attempt->easy = make_handle(attempt);
    attempt->key_slot = key_slot;
    attempt->token = key_slot->login.token;
    attempt->headers.count = 0;
    attempt->endpoint->provider->authenticate(key_slot->account,
                                              key_slot_next_nonce(key_slot, clock_real_ns()),
                                              &attempt->delivery->call, request, &attempt->headers);
    bool is_list = attempt->delivery->call.operation == OPERATION_LIST;
    curl_setup_set(easy, CURLOPT_TIMEOUT_MS,
                   is_list ? SENDER_LIST_MAX_S * 1000L : attempt->endpoint->timeout_ms);
    /* A listing may take long, but may not stall for longer than delivery.timeout. */
    curl_setup_set(easy, CURLOPT_LOW_SPEED_LIMIT, is_list ? 1L : 0L);
    curl_setup_set(easy, CURLOPT_LOW_SPEED_TIME, is_list ? attempt->endpoint->timeout_ms / 1000 + 1 : 0L);
    curl_setup_set(easy, CURLOPT_REQUEST_TARGET, request->target);
    curl_setup_set(easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_setup_set(easy, CURLOPT_HTTPHEADER, link_headers(attempt));
    if (request->body.len > 0) {
        curl_setup_set(easy, CURLOPT_POST, 1L);
        curl_setup_set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_setup_set(easy, CURLOPT_POSTFIELDS, request->body.data);
    } else {
        curl_setup_set(easy, CURLOPT_HTTPGET, 1L);
    }
}

void attempt_forget(struct attempt *attempt)
{
    struct buffer *parts[] = {&attempt->request.body, &attempt->response.body};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i]->len > 0)
            secret_wipe(parts[i]->data, parts[i]->len);
        buffer_reset(parts[i]);
    }
}

/* One word for the ledger's code, before libcurl's own text. */
static const char *transport_word(const struct attempt *attempt, CURLcode result)
{
    switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
        return attempt->sent ? "timeout" : "connect";
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return "resolve";
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
        return attempt->sent ? "reset" : "connect";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return "tls";
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return "reset";
    case CURLE_ABORTED_BY_CALLBACK:
        return attempt->repeated ? "reset" : attempt->socket_unknown ? "connect" : "aborted";
    case CURLE_PARTIAL_FILE:
        return "cut";
    case CURLE_WRITE_ERROR:
    case CURLE_OUT_OF_MEMORY:
        return attempt->unusable || attempt->response.is_coded ? "unreadable" : "too_large";
    default:
        return "transport";
    }
}

static const char *transport_text(const struct attempt *attempt, CURLcode result)
{
    if (attempt->repeated)
        return "a kept connection was closed before an answer";
    if (attempt->socket_unknown)
        return "the socket of a connection was not found, so it could not be checked";
    if (attempt->unusable)
        return "the answer is larger than it may be, or not what was asked for";
    if (attempt->response.is_coded)
        return "the answer has a transfer coding that was not asked for";
    /* libcurl bounds a single line of a head by itself, and calls that out of memory. */
    if (attempt->response.head_cut || result == CURLE_OUT_OF_MEMORY)
        return "the head of the answer is larger than 100 KiB";
    if (result ==
        CURLE_BAD_FUNCTION_ARGUMENT) /* of a reply, this is how libcurl reports a folded first line */
        return "the head of the answer is not HTTP";
    if (attempt->response.body_cut)
        return "the answer is larger than 64 KiB";
    return attempt->error_text[0] ? attempt->error_text : curl_easy_strerror(result);
}

bool attempt_is_complete(const struct attempt *attempt, CURLcode result)
{
    long status = status_of(attempt);
    if (!attempt->sent || attempt->repeated || status < HTTP_FIRST_FINAL)
        return false;
    /* We stopped reading it: only a success needs all of its body to be understood. */
    return result == CURLE_OK || (attempt->response.body_cut && status >= HTTP_FIRST_NOT_SUCCESS);
}

/* The body to classify. A reply that went to a sink and is larger than what was kept of it is only known to
 * have come: the sink reads it. */
static struct slice body_of(const struct attempt *attempt)
{
    return attempt->sink_bytes > RESPONSE_BODY_MAX ? SLICE_LITERAL("{}")
                                                   : buffer_slice(&attempt->response.body);
}

static void retain_fields(struct delivery *delivery, struct slice body)
{
    const struct job *job = delivery->call.job;
    enum operation operation = delivery->call.operation;
    if (job && job->provider.keep && delivery->outcome.kind == OUTCOME_DONE &&
        (operation == OPERATION_CREATE || operation == OPERATION_UPDATE))
        retained_fields_copy(job->provider.keep, body, delivery->outcome.kept, &delivery->outcome.not_kept);
}

/* The login's token that it carried. */
static struct slice token_of(const struct attempt *attempt)
{
    static const char head[] = "Authorization: Bearer ";
    for (size_t i = 0; i < attempt->headers.count; i++)
        if (strncmp(attempt->headers.lines[i], head, sizeof head - 1) == 0)
            return slice_from(attempt->headers.lines[i] + sizeof head - 1);
    return slice_make("", 0);
}

void attempt_classify(struct attempt *attempt, CURLcode result)
{
    struct delivery *delivery = attempt->delivery;
    bool complete = attempt_is_complete(attempt, result);
    char transport[TRANSPORT_SIZE];
    text_format(transport, sizeof transport, "%s: %s", transport_word(attempt, result),
                transport_text(attempt, result));
    bool is_timeout = attempt->sent && result == CURLE_OPERATION_TIMEDOUT;

    struct provider_reply reply = {
        .operation = delivery->call.operation,
        .sent = attempt->sent,
        .complete = complete,
        .cause = is_timeout          ? RETRY_TIMEOUT
                 : attempt->unusable ? RETRY_5XX
                                     : RETRY_CONNECT,
        .transport = complete ? "" : transport,
        .http_status = (int)status_of(attempt),
        .proven = attempt->key_slot->proven,
        .retry_after_ns = response_retry_after_ns(&attempt->response, clock_real_ns()),
        .request_id = slice_from(attempt->response.request_id),
        .error_type = slice_from(attempt->response.error_type),
        .in_doubt = delivery->call.in_doubt,
        .user_id = delivery->call.user_id,
        .external_id = delivery->call.external_id,
        .former_key = delivery->call.former_key,
        .members = delivery->call.members,
        .login_broken =
            attempt->token > 0 && login_is_broken(&attempt->key_slot->login, attempt->token, attempt->sent_ns,
                                                  delivery, delivery->bad_tokens > 0),
        .body = body_of(attempt),
        .job = attempt->endpoint->job,
        .token = token_of(attempt),
        .host = attempt->endpoint->host,
    };
    delivery->outcome = (struct outcome){0};
    delivery->sent = attempt->sent;
    delivery->latency_ns = attempt->sent ? clock_mono_ns() - attempt->sent_ns : 0;
    delivery->list = attempt->response.list;
    delivery->date_ns = complete ? response_date_ns(&attempt->response) : 0;
    outcome_table_classify(attempt->endpoint->provider, &reply, delivery->call.record, &delivery->outcome);
    if (delivery->outcome.kind == OUTCOME_DONE && delivery->call.operation != OPERATION_LOGIN) {
        attempt->key_slot->proven = true;
        login_proved(&attempt->key_slot->login, attempt->token);
    }
    retain_fields(delivery, reply.body);
    if (delivery->outcome.kind == OUTCOME_BAD_TOKEN) {
        delivery->bad_tokens++;
        login_invalidate(&attempt->key_slot->login, attempt->token, delivery);
    }
}
