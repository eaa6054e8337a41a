/* provider_credentials: the credentials of a provider: one row each, by which those of a job are judged.
 *
 * No message holds a secret. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_PROVIDER_CREDENTIALS_H
#define KYC_PROVIDER_PROVIDER_CREDENTIALS_H

#include <stdbool.h>

#include "core/buffer.h"
#include "core/error.h"
#include "model/job.h"

struct provider;

enum provider_credential_kind {
    PROVIDER_CREDENTIAL_KEY,    /* an API key in a header: 1 to 200 visible ASCII characters */
    PROVIDER_CREDENTIAL_TOKEN,  /* a token in a header: 1 to PROVIDER_TOKEN_MAX of them */
    PROVIDER_CREDENTIAL_BASE64, /* of at least one byte, strictly */
    PROVIDER_CREDENTIAL_TEXT,   /* any line */
};

struct provider_credential {
    const char *name;    /* NULL ends a list */
    const char *example; /* an environment variable: `PAYSO_TOKEN` */
    const char *sent;    /* how it reaches the provider: `header API-Key` */
    const char *help;    /* what it is: one line without a full stop */
    enum provider_credential_kind kind;
    bool locks; /* runs that share it exclude each other: the provider counts both against one limit */
};

/* A job has each credential of its provider, in its form, and no others; several sets, no two with one key,
 * where requests are signed, else one. 0, or -1 with ERROR_USAGE at the credentials' place. with_secrets:
 * they are loaded; without, only a name that no provider has is refused. */
int provider_credentials_check(const struct job *job, const struct provider *provider, bool with_secrets,
                               struct error *error);

/* Appends the value of `credentials` in a job file, by the examples: `{token: env:PAYSO_TOKEN}`. */
void provider_credentials_write(const struct provider *provider, struct buffer *out);

#endif
