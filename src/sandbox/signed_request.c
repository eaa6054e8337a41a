#include "sandbox/signed_request.h"

#include "sandbox/api.h"
#include "sandbox/exchange.h"
#include "sandbox/server_state.h"

static void answer_error(struct exchange *exchange, unsigned status, const char *text)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, status, &writer);
    json_write_object(&writer);
    json_write_key(&writer, "error");
    json_write_array(&writer);
    json_write_text(&writer, text);
    json_write_array_end(&writer);
    json_write_object_end(&writer);
}

static bool refuse(struct exchange *exchange, uint64_t *counter, const char *text)
{
    answer_error(exchange, 401, text);
    server_state_lock(exchange->state);
    (*counter)++;
    server_state_unlock(exchange->state);
    return false;
}

bool signed_request_authenticate(struct exchange *exchange, struct workspace *workspace)
{
    struct stats *stats = &exchange->api_state->stats;
    const char *api_key = exchange_header(exchange, "API-Key");
    const char *nonce_text = exchange_header(exchange, "API-Nonce");
    const char *sign = exchange_header(exchange, "API-Sign");

    int key = api_key ? keyring_find(exchange->api->name, api_key) : -1;
    if (key < 0 || exchange_key_is_revoked(exchange))
        return refuse(exchange, &stats->bad_keys, "EAPI:Invalid key");
    uint64_t nonce = 0;
    if (!nonce_text || !keyring_read_nonce(nonce_text, &nonce))
        return refuse(exchange, &stats->bad_nonces, "EAPI:Invalid nonce");
    if (!sign || !keyring_signature_matches(&workspace->hmacs, key, slice_from(exchange->target), nonce_text,
                                            buffer_slice(&exchange->body), sign))
        return refuse(exchange, &stats->bad_signatures, "EAPI:Invalid signature");

    server_state_lock(exchange->state);
    bool used = server_state_use_nonce(exchange->state, key, nonce);
    server_state_unlock(exchange->state);
    if (!used)
        return refuse(exchange, &stats->bad_nonces, "EAPI:Invalid nonce");
    return true;
}

/* One action, or none: what is still to be done before the user may trade. */
static void write_action(struct json_writer *writer, enum standing_state state)
{
    bool wait = state != STANDING_NEEDS_ACTION;
    json_write_object(writer);
    json_write_member(writer, "action_type", slice_from(wait ? "wait" : "verification"));
    if (wait) {
        json_write_member(writer, "wait_reason_code", SLICE_LITERAL("verification_in_progress"));
    } else {
        json_write_member(writer, "verification_type", SLICE_LITERAL("identity"));
        json_write_key(writer, "reasons");
        json_write_array(writer);
        json_write_text(writer, "document_unreadable");
        json_write_array_end(writer);
        json_write_key(writer, "deadline");
        json_write_null(writer);
    }
    json_write_object_end(writer);
}

void signed_request_write_status(struct json_writer *writer, struct standing *standing)
{
    enum standing_state state = standing_now(standing);
    json_write_key(writer, "status");
    json_write_object(writer);
    json_write_member(writer, "state", slice_from(state == STANDING_REJECTED ? "closed" : "ok"));
    json_write_key(writer, "required_actions");
    json_write_array(writer);
    if (state != STANDING_VERIFIED && state != STANDING_REJECTED)
        write_action(writer, state);
    json_write_array_end(writer);
    json_write_object_end(writer);
}

void signed_request_throttle(struct exchange *exchange)
{
    answer_error(exchange, 429, "EAPI:Rate limit exceeded");
    exchange->retry_after = true;
}
