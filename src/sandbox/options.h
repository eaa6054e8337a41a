/* options: the command line of kyc-sandbox.
 *
 * Thread: constant after options_read.
 */
#ifndef KYC_SANDBOX_OPTIONS_H
#define KYC_SANDBOX_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"
#include "sandbox/fault.h"

struct options {
    struct sockaddr_in listen;     /* always a loopback address; port 0: chosen by the kernel */
    const char *tls_pem;           /* a private key, then its certificate; NULL: HTTP only */
    struct sockaddr_in tls_listen; /* of HTTPS */
    uint32_t rate_per_s;           /* 0: no limit */
    uint64_t latency_min_ns, latency_max_ns;
    uint64_t slow_for_ns;
    uint64_t retry_after_ns;  /* of a 429, in whole seconds; 0: none is sent */
    bool retry_after_is_date; /* an HTTP date instead of seconds */
    uint64_t nonce_window;
    uint64_t seed;
    unsigned threads;
    struct fault_plan faults;
    const char *state_path; /* NULL: none */
    const char *key_tag;    /* appended to each API key, token and client id; NULL: none */
    const char *kraken_version_header;
    uint64_t token_life_ns, idempotency_life_ns;
    bool kira_unique_external_id; /* false: only the idempotency key prevents a second user of a customer */
    bool payso_unique_email;
    bool conflicts_name_user; /* a 409 contains the id of the existing user */
    bool lower_case_emails;   /* e-mails are stored in lower case, and look-ups match the stored form */
    uint64_t verify_min_ns, verify_max_ns; /* max 0: users are not decided by themselves */
    double reject_share, action_share;     /* of those that are decided; together at most 1 */
    uint64_t link_life_ns;                 /* how long a link can be used; 0: without end */
    bool kira_list_without_states;
    bool payso_iso_dates; /* YYYY-MM-DD instead of DD/MM/YYYY */
    bool help;
};

extern const char options_help[];

/* `20ms`, `2s`, `1m`, `12h`; at most a day. False: it is none. */
bool options_read_time(struct slice text, uint64_t *time_ns);

/* Returns 0, or -1 with scope ERROR_USAGE. */
int options_read(struct options *options, int argc, char **argv, struct error *error);

#endif
