#include "sandbox/asked.h"

#include "sandbox/api.h"
#include "sandbox/exchange.h"

static const char *const words[ASKED_KINDS] = {
    "other", "create", "update", "look_up", "fetch", "list", "login",
};

const char *asked_word(enum asked asked)
{
    return words[asked];
}

enum asked asked_find(struct slice word)
{
    for (int asked = ASKED_ANY + 1; asked < ASKED_KINDS; asked++)
        if (slice_is(word, words[asked]))
            return (enum asked)asked;
    return ASKED_ANY;
}

enum asked asked_of(const struct exchange *exchange)
{
    const struct api *api = exchange->api;
    struct slice id;
    bool get = exchange_method_is(exchange, "GET"), post = exchange_method_is(exchange, "POST");
    if (post && api->login_path && slice_is(exchange->path, api->login_path))
        return ASKED_LOGIN;
    if (!exchange_path_is(exchange, api->users_path, &id))
        return ASKED_ANY;
    if (id.len > 0)
        return get ? ASKED_FETCH : post ? ASKED_ANY : ASKED_UPDATE;
    if (get)
        return api->lists_all ? ASKED_LIST : ASKED_LOOK_UP;
    return post ? ASKED_CREATE : ASKED_ANY;
}
