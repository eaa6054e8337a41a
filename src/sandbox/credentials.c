#include "sandbox/credentials.h"

#include <stdio.h>
#include <string.h>

struct credential credential_table[CREDENTIAL_COUNT] = {
    /* "this is not a secret, only a demo 1" to "… 4" */
    {"payward", "demo-payward-key-1", "dGhpcyBpcyBub3QgYSBzZWNyZXQsIG9ubHkgYSBkZW1vIDE="},
    {"payward", "demo-payward-key-2", "dGhpcyBpcyBub3QgYSBzZWNyZXQsIG9ubHkgYSBkZW1vIDI="},
    {"kraken-embed", "demo-kraken-embed-key-1", "dGhpcyBpcyBub3QgYSBzZWNyZXQsIG9ubHkgYSBkZW1vIDM="},
    {"kraken-embed", "demo-kraken-embed-key-2", "dGhpcyBpcyBub3QgYSBzZWNyZXQsIG9ubHkgYSBkZW1vIDQ="},
};

char credential_kira_api_key[CREDENTIAL_SIZE] = "demo-kira-key";
char credential_kira_client_id[CREDENTIAL_SIZE] = "demo-kira-client";
const char credential_kira_password[] = "demo-kira-password";
char credential_payso_token[CREDENTIAL_SIZE] = "demo-payso-token";

static void add_tag(char key[CREDENTIAL_SIZE], const char *tag)
{
    size_t len = strlen(key);
    snprintf(key + len, CREDENTIAL_SIZE - len, "-%s", tag);
}

void credentials_tag(const char *tag)
{
    for (int i = 0; i < CREDENTIAL_COUNT; i++)
        add_tag(credential_table[i].api_key, tag);
    add_tag(credential_kira_api_key, tag);
    add_tag(credential_kira_client_id, tag);
    add_tag(credential_payso_token, tag);
}
