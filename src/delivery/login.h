/* login: when the requests of a key need a new token first, and which token they carry.
 *
 * A plain state machine that is passed the time (monotonic ns). The token itself is in the provider's
 * account; this tracks its validity. It is renewed 5 minutes before its end (half its life before, when that
 * is shorter than 10 minutes), and asked for again once a request with it was answered 401: once a token,
 * however many requests carried it.
 *
 *     none --succeeded--> unproven --served--> proven
 *      ^                     |                   |
 *      +------refuse---------+------refuse-------+     (a 401: the token is over)
 *
 * Authentication belongs to the session, not to a record. A 401 under a proven token, or under one that is no
 * longer new, means that the token is over: a new one, and the request again. A 401 under an unproven token
 * that was just given means that the login gives no token that works: the run stops. One case differs: a
 * record that was answered 401 before, under a token that was over or proven, may itself be the cause; for it
 * alone the session continues, until another record is refused under an unproven token too.
 * Thread: the sender's.
 */
#ifndef KYC_DELIVERY_LOGIN_H
#define KYC_DELIVERY_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

enum { LOGIN_UNPROVEN_MAX = 10 }; /* logins in a row between which no request succeeded */

struct login {
    bool required;     /* the provider has logins; else nothing here matters */
    bool in_progress;  /* a login is under way: nothing else starts with this key */
    uint32_t token;    /* the number of the token at hand, from 1; 0: none yet */
    bool usable;       /* it may be used until ends_ns */
    bool proven;       /* a request that carried it has succeeded */
    uint32_t unproven; /* logins since a request last succeeded */
    uint64_t given_ns; /* when the token at hand was given */
    uint64_t renew_ns; /* from when on it is asked for again */
    uint64_t ends_ns;
    const void
        *suspect; /* the only delivery that was refused under unproven tokens; NULL: none. Never read */
};

/* True when a login must come before the next request of this key. */
bool login_is_due(const struct login *login, uint64_t now_ns);

/* True when LOGIN_UNPROVEN_MAX logins in a row gave tokens with which nothing succeeded: no further one. */
bool login_is_futile(const struct login *login);

/* A login gave a token that is valid for so many seconds (at least 1). */
void login_succeeded(struct login *login, uint64_t seconds, uint64_t now_ns);

/* A login got no usable reply. True when the current token is still valid: it stays in use, and the next
 * login is half a minute later. False: deliveries that wait for it cannot be sent. */
bool login_failed(struct login *login, uint64_t now_ns);

/* A request with this token has succeeded. */
void login_proved(struct login *login, uint32_t token);

/* What a 401 means for a request that left at left_ns with this token. delivery: whose it is; refused_before:
 * it was answered 401 before, under another token. True: the login gives no token that works, the run must
 * stop. False: the token is over. Pure. */
bool login_is_broken(const struct login *login, uint32_t token, uint64_t left_ns, const void *delivery,
                     bool refused_before);

/* The same request, whose token is over: the next request waits for a new one. */
void login_invalidate(struct login *login, uint32_t token, const void *delivery);

#endif
