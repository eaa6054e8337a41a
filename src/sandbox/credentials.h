/* credentials: the demo keys of the sandbox, printed at its start and used by the jobs in jobs/.
 *
 * None of them is secret: each api_secret is base64 of a sentence that says so. A run locks its credentials
 * on the machine, so two runs against two sandboxes with the same keys cannot run at the same time; a tag
 * makes the keys of one sandbox different. Thread: constant once the threads have started.
 */
#ifndef KYC_SANDBOX_CREDENTIALS_H
#define KYC_SANDBOX_CREDENTIALS_H

enum { CREDENTIAL_COUNT = 4, CREDENTIAL_SIZE = 64, CREDENTIAL_TAG_MAX = 32 };

/* An API key that signs. */
struct credential {
    const char *api; /* name of the API that accepts it */
    char api_key[CREDENTIAL_SIZE];
    const char *api_secret; /* base64 */
};

extern struct credential credential_table[CREDENTIAL_COUNT];

/* Of kira's login. */
extern char credential_kira_api_key[CREDENTIAL_SIZE];
extern char credential_kira_client_id[CREDENTIAL_SIZE];
extern const char credential_kira_password[];

/* The bearer token of payso. */
extern char credential_payso_token[CREDENTIAL_SIZE];

/* Appends `-TAG` to each key, token and client id. tag: at most CREDENTIAL_TAG_MAX bytes. Before any thread
 * starts. */
void credentials_tag(const char *tag);

#endif
