/* postgres_url: the place of a ledger in PostgreSQL, read from its URL.
 *
 * postgresql://[USER@]HOST[:PORT][,HOST[:PORT]…]/DATABASE[?NAME=VALUE&…], percent-encoded (RFC 3986). HOST is
 * a name, an IPv4 address or [IPv6]; or empty with ?host=/FOLDER, the folder of a Unix socket. NAME, each
 * once: host and port (both only of a socket), sslrootcert, sslcert, sslkey (absolute paths), connect_timeout
 * (seconds). A password is refused, because a URL is shown; and so is every other name that libpq knows,
 * because some of them turn its checks off. Thread: any; pure. Owner: postgres_url_clear.
 */
#ifndef KYC_CORE_POSTGRES_URL_H
#define KYC_CORE_POSTGRES_URL_H

#include <stdbool.h>

enum { POSTGRES_URL_HOSTS_MAX = 8 };

/* Decoded. The lists are as libpq takes them: separated by commas, one port for each host. */
struct postgres_url {
    char *hosts, *ports;
    char *user; /* "": not given, that is the account of this process */
    char *database;
    char *ca_path, *cert_path, *key_path; /* NULL: not given */
    unsigned connect_timeout_s;           /* 10 unless given */
    bool is_local;                        /* every host is loopback or a socket: TLS is not needed */
    char *shown; /* the URL as it may be shown, and compared with another: with each port, without paths */
};

/* True when text begins with postgresql:// or postgres:// (in any case). */
bool postgres_url_is_one(const char *text);

/* 0; or -1 with what is wrong with it as the rest of a sentence that begins with the setting's name (`must
 * not hold a password`), a constant text without any part of the URL; then url is empty. */
int postgres_url_read(struct postgres_url *url, const char *text, const char **fault);
void postgres_url_clear(struct postgres_url *url);

#endif
