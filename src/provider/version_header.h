/* version_header: the header by which an API's version is named; its name and value are settings of the job.
 *
 * Two pages of one provider name it differently, so both are settings. Thread: any;
 * pure.
 */
#ifndef KYC_PROVIDER_VERSION_HEADER_H
#define KYC_PROVIDER_VERSION_HEADER_H

#include <stdbool.h>

#include "model/job.h"
#include "provider/provider_headers.h"
#include "provider/provider_settings.h"

/* Both settings, with a provider's defaults; uncertain: whether its pages leave them open. */
#define VERSION_HEADER_SETTINGS(header, version, uncertain)                                                  \
    {                                                                                                        \
        .name = SETTING_VERSION_HEADER,                                                                      \
        .kind = PROVIDER_SETTING_TEXT,                                                                       \
        .standard = (header),                                                                                \
        .accepts = version_header_accepts_name,                                                              \
        .help = "the header that names the version of the API",                                              \
        .example = "Api-Version",                                                                            \
        .is_uncertain = (uncertain),                                                                         \
    },                                                                                                       \
    {                                                                                                        \
        .name = SETTING_VERSION, .kind = PROVIDER_SETTING_TEXT, .standard = (version),                       \
        .accepts = version_header_accepts_value, .help = "the version of the API that this header names",    \
        .example = "2027-01-31", .is_uncertain = (uncertain),                                                \
    }

/* The name of a header (RFC 9110, 5.1) that the requests do not carry already. */
bool version_header_accepts_name(const char *text, char fault[PROVIDER_SETTINGS_FAULT_SIZE]);
/* 1 to 64 visible ASCII characters. */
bool version_header_accepts_value(const char *text, char fault[PROVIDER_SETTINGS_FAULT_SIZE]);

/* Adds the header to the requests of a job of a provider with both settings. */
void version_header_add(const struct job *job, struct provider_headers *headers);

#endif
