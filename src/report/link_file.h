/* link_file: the verification links that a command got from the provider, for whoever sends them on.
 *
 * A link is a credential: this file is the only place that holds one. It is made with the first link (0600,
 * its folder 0700), and grows: what earlier runs wrote stays. A symbolic link, a file with a second name and
 * what is no file are refused. Links are durable before the ledger states that they were made, so that one
 * may be in the file twice, and none is missing.
 *
 * links.csv: a header `external_id,user_id,link,made_at`, then one record a link; made_at is RFC 3339.
 * NDJSON: an object with these members a line.
 *
 *   link_file_new ─► link_file_add … ─► link_file_sync ─► (commit of the ledger) ─► link_file_add …
 *
 * Thread: one at a time. Owner: new/free.
 */
#ifndef KYC_REPORT_LINK_FILE_H
#define KYC_REPORT_LINK_FILE_H

#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"

/* In the report folder, unless `links --output` names another file. */
#define LINK_FILE_NAME        "links.csv"
#define LINK_FILE_NDJSON_NAME "links.ndjson"

struct link_file;

enum link_file_format { LINK_FILE_CSV, LINK_FILE_NDJSON };

/* Copies path. Opens nothing yet. */
struct link_file *link_file_new(const char *path, enum link_file_format format);
/* Drops links that were not synced. */
void link_file_free(struct link_file *file);

/* Makes the file, empty, if there is none, and sees whether it can be written: before the provider makes a
 * link that would be lost. 0, or -1 as link_file_sync. */
int link_file_prepare(const struct link_file *file, struct error *error);

struct link_file_entry {
    struct slice external_id, user_id, link;
    uint64_t made_ns; /* real ns */
};

/* Keeps a link for the next link_file_sync. */
void link_file_add(struct link_file *file, const struct link_file_entry *entry);

/* Appends what was added and makes it durable; without new links it does nothing. 0, or -1 with an
 * ERROR_USAGE that names the file (a full disk, no permission): nothing of them is in the file then, and they
 * are still to be written. */
int link_file_sync(struct link_file *file, struct error *error);

#endif
