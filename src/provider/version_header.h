/* version_header: the header by which an API's version is named; its name and value are settings of the job.
 *
 * Two pages of one provider name it differently, so both are settings. Thread: any;
 * pure.
 */
#ifndef KYC_PROVIDER_VERSION_HEADER_H
#define KYC_PROVIDER_VERSION_HEADER_H

#include "core/error.h"
#include "model/job.h"
#include "provider/provider.h"

/* A provider's default. */
struct version_header {
    const char *name, *value;
};

/* 0, or -1 with ERROR_USAGE: provider.version_header is not the name of a header (RFC 9110, 5.1) or one that
 * the requests carry already, provider.version is not 1 to 64 visible ASCII characters. */
int version_header_check_job(const struct version_header *own, const struct job *job, struct error *error);

void version_header_add(const struct version_header *own, const struct job *job,
                        struct provider_headers *headers);

#endif
