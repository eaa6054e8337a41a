#include "delivery/login.h"

#include "core/clock.h"

#define RENEW_BEFORE_NS (5 * 60 * CLOCK_NS_PER_S)
#define ASK_AGAIN_NS    (30 * CLOCK_NS_PER_S)
#define SECONDS_MAX     (UINT64_C(366) * 86400)

bool login_is_due(const struct login *login, uint64_t now_ns)
{
    return login->wanted && !login->asking && (!login->good || now_ns >= login->renew_ns);
}

void login_succeeded(struct login *login, uint64_t seconds, uint64_t now_ns)
{
    uint64_t life_ns = (seconds < SECONDS_MAX ? seconds : SECONDS_MAX) * CLOCK_NS_PER_S;
    bool is_short = life_ns < 2 * RENEW_BEFORE_NS;

    login->asking = false;
    login->token++;
    login->good = true;
    login->renew_ns = now_ns + (is_short ? life_ns / 2 : life_ns - RENEW_BEFORE_NS);
    login->ends_ns = now_ns + life_ns;
}

bool login_failed(struct login *login, uint64_t now_ns)
{
    login->asking = false;
    login->good = login->good && now_ns < login->ends_ns;
    if (login->good)
        login->renew_ns = now_ns + ASK_AGAIN_NS < login->ends_ns ? now_ns + ASK_AGAIN_NS : login->ends_ns;
    return login->good;
}

void login_refuse(struct login *login, uint32_t token)
{
    if (token == login->token)
        login->good = false;
}
