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
#include "sandbox/fault.h"

struct options {
    struct sockaddr_in listen;     /* always a loopback address; port 0: the kernel's choice */
    const char *tls_pem;           /* a private key, then its certificate; NULL: HTTP alone */
    struct sockaddr_in tls_listen; /* where HTTPS is served beside it */
    uint32_t rate_per_s;           /* 0: no limit */
    uint64_t latency_min_ns, latency_max_ns;
    uint64_t slow_for_ns;
    uint64_t retry_after_ns;  /* of a 429, in whole seconds; 0: it does not say */
    bool retry_after_is_date; /* an HTTP date in place of the seconds */
    uint64_t nonce_window;
    uint64_t seed;
    unsigned threads;
    struct fault_plan faults;
    const char *state_path; /* NULL: none */
    const char *key_tag;    /* behind each API key, token and client id; NULL: none */
    const char *kraken_version_header;
    uint64_t token_life_ns, idempotency_life_ns;
    bool kira_unique_external_id; /* else only its idempotency key keeps a customer from a second user */
    bool payso_unique_email;
    bool conflicts_name_user; /* a 409 gives the id of the user that there is */
    bool lower_case_emails;   /* stored so whatever came, and looked up as they are stored */
    bool payso_iso_dates;     /* YYYY-MM-DD in place of DD/MM/YYYY */
    bool help;
};

extern const char options_help[];

/* Returns 0, or -1 with scope ERROR_USAGE. */
int options_read(struct options *options, int argc, char **argv, struct error *error);

#endif
