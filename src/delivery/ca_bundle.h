/* ca_bundle: the certificate authorities of a job: the system's, and those of its ca_file.
 *
 * libcurl's own setting would replace the system's; provider.ca_file only adds to them.
 * libcurl reads the system's 140 certificates for each new connection, 55 ms of the sender's only thread,
 * unless they come from one file and from nothing else: so libcurl gets one file. Thread: any;
 * constant once opened. Owner: open/close.
 */
#ifndef KYC_DELIVERY_CA_BUNDLE_H
#define KYC_DELIVERY_CA_BUNDLE_H

#include <stdbool.h>

#include "core/buffer.h"
#include "core/error.h"

enum { CA_BUNDLE_MAX = 16 * 1024 * 1024, CA_BUNDLE_PATH_SIZE = 4096 };

struct ca_bundle {
    char path[CA_BUNDLE_PATH_SIZE]; /* of a PEM file with all of them; "": libcurl's built-in default */
    bool use_capath; /* the system has no such file: libcurl's folder of certificates stays in use */
    bool has_memfd;  /* the file is a memory of ours, open at fd */
    int fd;
};

/* ca_file: NULL for none. 0, or -1 with ERROR_USAGE: as ca_bundle_load, or no memory file can be made; then
 * it is closed. */
int ca_bundle_open(struct ca_bundle *ca, const char *ca_file, struct error *error);
/* A zeroed or closed one is left alone. */
void ca_bundle_close(struct ca_bundle *bundle);

/* Fills bundle (a maximum of CA_BUNDLE_MAX) with those of a PEM file of the system's (NULL: it has none) and
 * of ca_file. 0, or -1 with ERROR_USAGE: ca_file cannot be read, or holds no certificate, or a broken one. */
int ca_bundle_load(const char *system_file, const char *ca_file, struct buffer *bundle, struct error *error);

#endif
