/* trust: the certificate authorities of a job: the system's, and those of its ca_file besides.
 *
 * libcurl's own setting would put a file in the system's place; ca_file only ever adds (3-providers.md).
 * Thread: any. Owner: the caller's buffer.
 */
#ifndef KYC_DELIVERY_TRUST_H
#define KYC_DELIVERY_TRUST_H

#include "core/buffer.h"
#include "core/error.h"

enum { TRUST_MAX = 16 * 1024 * 1024 };

/* Fills bundle (a maximum of TRUST_MAX) with the system's authorities and those of ca_file, in PEM. 0, or -1
 * with ERROR_USAGE: ca_file cannot be read, or holds no certificate, or a broken one. */
int trust_load(const char *ca_file, struct buffer *bundle, struct error *error);

#endif
