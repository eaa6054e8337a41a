/* credentials: the demo keys of the sandbox, printed at its start and used by the jobs in jobs/.
 *
 * Nothing here is a secret: each api_secret is base64 of a sentence that says so. Thread: constant.
 */
#ifndef KYC_SANDBOX_CREDENTIALS_H
#define KYC_SANDBOX_CREDENTIALS_H

/* An API key that signs. */
struct credential {
    const char *api; /* name of the API that knows it */
    const char *api_key;
    const char *api_secret; /* base64 */
};

enum { CREDENTIAL_COUNT = 4 };

static const struct credential credential_table[CREDENTIAL_COUNT] = {
    /* "this is not a secret, only a demo 1" to "… 4" */
    {"payward", "demo-payward-key-1", "dGhpcyBpcyBub3QgYSBzZWNyZXQsIG9ubHkgYSBkZW1vIDE="},
    {"payward", "demo-payward-key-2", "dGhpcyBpcyBub3QgYSBzZWNyZXQsIG9ubHkgYSBkZW1vIDI="},
    {"kraken-embed", "demo-kraken-embed-key-1", "dGhpcyBpcyBub3QgYSBzZWNyZXQsIG9ubHkgYSBkZW1vIDM="},
    {"kraken-embed", "demo-kraken-embed-key-2", "dGhpcyBpcyBub3QgYSBzZWNyZXQsIG9ubHkgYSBkZW1vIDQ="},
};

/* What logs in at kira. */
static const char credential_kira_api_key[] = "demo-kira-key";
static const char credential_kira_client_id[] = "demo-kira-client";
static const char credential_kira_password[] = "demo-kira-password";

/* The bearer token of payso. */
static const char credential_payso_token[] = "demo-payso-token";

#endif
