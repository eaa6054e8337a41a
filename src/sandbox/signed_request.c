#include "sandbox/signed_request.h"

#include "sandbox/api.h"
#include "sandbox/exchange.h"
#include "sandbox/world.h"

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
    world_lock(exchange->world);
    (*counter)++;
    world_unlock(exchange->world);
    return false;
}

bool signed_request_admit(struct exchange *exchange, struct workspace *workspace)
{
    struct counts *counts = &exchange->book->counts;
    const char *api_key = exchange_header(exchange, "API-Key");
    const char *nonce_text = exchange_header(exchange, "API-Nonce");
    const char *sign = exchange_header(exchange, "API-Sign");

    int key = api_key ? keyring_find(exchange->api->name, api_key) : -1;
    if (key < 0 || exchange_key_is_revoked(exchange))
        return refuse(exchange, &counts->bad_keys, "EAPI:Invalid key");
    uint64_t nonce = 0;
    if (!nonce_text || !keyring_read_nonce(nonce_text, &nonce))
        return refuse(exchange, &counts->bad_nonces, "EAPI:Invalid nonce");
    if (!sign || !keyring_sign_is(&workspace->hmacs, key, slice_from(exchange->target), nonce_text,
                                  buffer_slice(&exchange->body), sign))
        return refuse(exchange, &counts->bad_signatures, "EAPI:Invalid signature");

    world_lock(exchange->world);
    bool used = world_use_nonce(exchange->world, key, nonce);
    world_unlock(exchange->world);
    if (!used)
        return refuse(exchange, &counts->bad_nonces, "EAPI:Invalid nonce");
    return true;
}

void signed_request_throttle(struct exchange *exchange)
{
    answer_error(exchange, 429, "EAPI:Rate limit exceeded");
    exchange->retry_after = true;
}
