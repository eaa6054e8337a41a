/* provider_settings: the settings that only some providers have: one row each, by which a job is judged.
 *
 * A new setting is a row in the descriptor of each provider that has it, and a SETTING_… in
 * model/job_setting.h if another file reads it; several share a row by a macro of the part that reads it.
 * Thread: any; pure.
 */
#ifndef KYC_PROVIDER_PROVIDER_SETTINGS_H
#define KYC_PROVIDER_PROVIDER_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/digest.h"
#include "core/error.h"
#include "model/job.h"
#include "model/job_setting.h"

struct provider;

enum provider_setting_kind {
    PROVIDER_SETTING_TEXT,
    PROVIDER_SETTING_PATH, /* below the job file's folder, unless it is absolute */
    PROVIDER_SETTING_BOOL, /* `true`, `false` */
    PROVIDER_SETTING_NUMBER,
    PROVIDER_SETTING_DURATION, /* `30s`; min and max in ns */
    PROVIDER_SETTING_SIZE,     /* `1MiB`; min and max in bytes */
    PROVIDER_SETTING_WORD,     /* one of words */
};

enum { PROVIDER_SETTINGS_FAULT_SIZE = 1536 };

struct provider_setting {
    const char *name;         /* NULL ends a list */
    const char *standard;     /* the default, as it would be written; NULL: 0, false or no text */
    const char *const *words; /* NULL-terminated */
    uint64_t min, max;        /* of a number, a duration, a size */
    /* Of a text: true; or false with what is wrong with it, to follow `provider.NAME`. NULL: any text. */
    bool (*accepts)(const char *text, char fault[PROVIDER_SETTINGS_FAULT_SIZE]);
    const char *help;    /* what it does: one line without a full stop */
    const char *example; /* a value that is not the default, as it would be written */
    enum provider_setting_kind kind;
    bool is_uncertain; /* it is there because the provider's pages leave it open: (?) in README.md */
};

/* Of a provider that client_identifier is computed for (src/rules/concat.h). */
#define PROVIDER_SETTINGS_CONCAT                                                                             \
    {                                                                                                        \
        .name = SETTING_CONCAT_COUNTRY, .kind = PROVIDER_SETTING_BOOL, .standard = "false",                  \
        .help = "client_identifier: auto begins with the country of the first nationality",                  \
        .example = "true", .is_uncertain = true,                                                             \
    }

/* Of a provider that takes documents as files. */
#define PROVIDER_SETTINGS_DOCUMENTS                                                                          \
    {                                                                                                        \
        .name = SETTING_DOCUMENTS, .kind = PROVIDER_SETTING_PATH,                                            \
        .help = "the folder of the documents that a row names by path", .example = "scans",                  \
    }

/* Of a provider that makes verification links. */
#define PROVIDER_SETTINGS_LINKS                                                                                                                     \
    {                                                                                                                                               \
        .name = SETTING_LINK_VALID, .kind = PROVIDER_SETTING_DURATION, .min = CLOCK_NS_PER_S,                                                       \
        .max = 366 * 24 * CLOCK_NS_PER_HOUR, .is_uncertain = true, .example = "168h",                                                               \
        .help =                                                                                                                                     \
            "how long a verification link can be used: `links` makes a new one for a user whose link is older; without it, a link does not expire", \
    }

/* Fills in the value of every setting of the provider. 0, or -1 with ERROR_USAGE at the setting's place: a
 * name that the provider does not have, another form than the row's, out of bounds. */
int provider_settings_read(struct job *job, const struct provider *provider, struct error *error);

enum { PROVIDER_SETTINGS_DIGEST_SIZE = 2 * DIGEST_SHA256_LEN + 1 };

/* A digest, in hex, of what the provider is asked by: its name, its base URL, and every setting of `provider`
 * (defaults included) but the credentials. Returns hex. */
char *provider_settings_digest(const struct job *job, const struct provider *provider,
                               char hex[PROVIDER_SETTINGS_DIGEST_SIZE]);

#endif
