/* credentials: the demo keys of the sandbox, printed at its start and used by the jobs in jobs/.
 *
 * Nothing here is a secret: each api_secret is base64 of a sentence that says so. Two sandboxes with the same
 * keys cannot be used at the same time by two runs on one machine (a run locks each credential), so a tag
 * makes them its own. Thread: constant once the threads have started.
 */
#ifndef KYC_SANDBOX_CREDENTIALS_H
#define KYC_SANDBOX_CREDENTIALS_H

enum { CREDENTIAL_COUNT = 4, CREDENTIAL_SIZE = 64, CREDENTIAL_TAG_MAX = 32 };

/* An API key that signs. */
struct credential {
    const char *api; /* name of the API that knows it */
    char api_key[CREDENTIAL_SIZE];
    const char *api_secret; /* base64 */
};

extern struct credential credential_table[CREDENTIAL_COUNT];

/* What logs in at kira. */
extern char credential_kira_api_key[CREDENTIAL_SIZE];
extern char credential_kira_client_id[CREDENTIAL_SIZE];
extern const char credential_kira_password[];

/* The bearer token of payso. */
extern char credential_payso_token[CREDENTIAL_SIZE];

/* Puts `-TAG` behind each key, token and client id; at most CREDENTIAL_TAG_MAX bytes, before any thread
 * starts. */
void credentials_tag(const char *tag);

#endif
