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

enum { CREDENTIAL_COUNT = 2 };

static const struct credential credential_table[CREDENTIAL_COUNT] = {
    /* "this is not a secret, only a demo 1" and "… 2" */
    {"payward", "demo-payward-key-1", "dGhpcyBpcyBub3QgYSBzZWNyZXQsIG9ubHkgYSBkZW1vIDE="},
    {"payward", "demo-payward-key-2", "dGhpcyBpcyBub3QgYSBzZWNyZXQsIG9ubHkgYSBkZW1vIDI="},
};

#endif
