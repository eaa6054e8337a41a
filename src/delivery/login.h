/* login: when the requests of a lane need a token that has to be asked for first, and which one they carry.
 *
 * A plain state machine, handed the time (monotonic ns). The token itself is in the provider's account; this
 * knows how long it is good. It is renewed 5 minutes before its end (half its life before, when that is
 * shorter than 10 minutes), and asked for again once a request with it came back as OUTCOME_BAD_TOKEN: once a
 * token, however many requests carried it. Thread: the sender's.
 */
#ifndef KYC_DELIVERY_LOGIN_H
#define KYC_DELIVERY_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

struct login {
    bool wanted;       /* the provider has logins; else nothing here matters */
    bool asking;       /* a login is under way: nothing else starts on this lane */
    uint32_t token;    /* the number of the token at hand, from 1; 0: none yet */
    bool good;         /* it may be used until ends_ns */
    uint64_t renew_ns; /* from when on it is asked for again */
    uint64_t ends_ns;
};

/* True when a login must come before the next request of this lane. */
bool login_is_due(const struct login *login, uint64_t now_ns);

/* It gave a token that is good for so many seconds (at least 1). */
void login_succeeded(struct login *login, uint64_t seconds, uint64_t now_ns);

/* It got no usable answer. True when the token at hand is still good: the lane goes on with it, and asks
 * again half a minute later. False: those who wait for it cannot go. */
bool login_failed(struct login *login, uint64_t now_ns);

/* A request with this token came back as OUTCOME_BAD_TOKEN. */
void login_refuse(struct login *login, uint32_t token);

#endif
