#include "delivery/login.h"

#include <stddef.h>

#include "core/clock.h"

#define RENEW_BEFORE_NS (5 * 60 * CLOCK_NS_PER_S)
#define ASK_AGAIN_NS    (30 * CLOCK_NS_PER_S)
#define NEW_FOR_NS      (60 * CLOCK_NS_PER_S) /* a token that is older may have been over by itself */
#define SECONDS_MAX     (UINT64_C(366) * 86400)

bool login_is_due(const struct login *login, uint64_t now_ns)
{
    return login->required && !login->in_progress && (!login->usable || now_ns >= login->renew_ns);
}

bool login_is_futile(const struct login *login)
{
    return login->unproven >= LOGIN_UNPROVEN_MAX;
}

void login_succeeded(struct login *login, uint64_t seconds, uint64_t now_ns)
{
    uint64_t life_ns = (seconds < SECONDS_MAX ? seconds : SECONDS_MAX) * CLOCK_NS_PER_S;
    bool is_short = life_ns < 2 * RENEW_BEFORE_NS;

    login->in_progress = false;
    login->token++;
    login->unproven++;
    login->usable = true;
    login->proven = false;
    login->given_ns = now_ns;
    login->renew_ns = now_ns + (is_short ? life_ns / 2 : life_ns - RENEW_BEFORE_NS);
    login->ends_ns = now_ns + life_ns;
}

bool login_failed(struct login *login, uint64_t now_ns)
{
    login->in_progress = false;
    login->usable = login->usable && now_ns < login->ends_ns;
    if (login->usable)
        login->renew_ns = now_ns + ASK_AGAIN_NS < login->ends_ns ? now_ns + ASK_AGAIN_NS : login->ends_ns;
    return login->usable;
}

void login_proved(struct login *login, uint32_t token)
{
    if (token == login->token)
        login->proven = true;
    login->unproven = 0;
    login->suspect = NULL;
}

static bool is_new_and_unproven(const struct login *login, uint32_t token, uint64_t left_ns)
{
    return token == login->token && !login->proven && left_ns < login->given_ns + NEW_FOR_NS &&
           left_ns < login->ends_ns;
}

bool login_is_broken(const struct login *login, uint32_t token, uint64_t left_ns, const void *delivery,
                     bool refused_before)
{
    if (!is_new_and_unproven(login, token, left_ns))
        return false;
    return !refused_before || (login->suspect && login->suspect != delivery);
}

void login_invalidate(struct login *login, uint32_t token, const void *delivery)
{
    if (token != login->token)
        return;
    login->usable = false;
    if (!login->proven)
        login->suspect = delivery;
}
