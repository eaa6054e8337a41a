#include <string.h>

#include "core/clock.h"
#include "job/job_parts.h"
#include "job/job_scalar.h"

enum { SHARED_NAME_MAX = 64 };

#define HOUR_NS (3600 * CLOCK_NS_PER_S)

#define OFFSET(member) .offset = offsetof(struct job_delivery, member)

static const struct job_key stop_keys[] = {
    {"refused_in_a_row", job_scalar_uint32, OFFSET(refused_in_a_row), .min = 1, .max = 1000000,
     .standard = "25", .help = "stop after so many refusals without a success in between", .example = "10"},
    {"refused_share", job_scalar_percent, OFFSET(refused_share), .max = 100, .standard = "20%",
     .help = "stop at a larger share of refusals, from 100 answers on", .example = "5%"},
    {"updated_share", job_scalar_percent, OFFSET(updated_share), .max = 100, .standard = "10%",
     .help =
         "stop at a larger share of changed customers, once 1,000 known ones are compared; --accept-updates continues",
     .example = "25%"},
    {"twins", job_scalar_percent, OFFSET(twins_share), .max = 100, .standard = "20%",
     .help =
         "stop when customers that are known under another key reach this share of the creates, from 10 on; 100%: never",
     .example = "50%"},
    {0},
};

/* The first of the row's two words means true. */
static int read_either(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    int which = 0;
    struct job_key row = *key;
    row.offset = 0;
    if (job_scalar_word(reader, value, &row, &which) != 0)
        return -1;
    *(bool *)((char *)target + key->offset) = which == 0;
    return 0;
}

/* Whether it can be used is known when a run starts: the folder may exist only then (RuntimeDirectory= of
 * systemd). */
static int read_lock_folder(struct job_reader *reader, const struct job_node *value,
                            const struct job_key *key, void *target)
{
    ((struct job_delivery *)target)->lock_folder_place = value->place;
    return job_scalar_path(reader, value, key, target);
}

/* It becomes a file's name, and a key in a database. */
static int read_shared(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    struct job_delivery *delivery = target;
    struct slice name;
    (void)key;
    if (job_scalar_read(reader, value, &name) != 0)
        return -1;
    if (name.len > SHARED_NAME_MAX || name.data[0] == '-' ||
        strspn(name.data, "abcdefghijklmnopqrstuvwxyz0123456789-") != name.len)
        return job_keys_fail(
            reader, value,
            "`%s` is not a name for a shared account\nhint: use lower-case letters, digits and hyphens, at most %d; every job of the account names the same one",
            name.data, SHARED_NAME_MAX);
    delivery->shared = name.data;
    delivery->shared_place = value->place;
    return 0;
}

static const char *const change_words[] = {"update", "ignore", NULL};
static const char *const doubt_words[] = {"settle", "hold", NULL};
static const char *const twin_words[] = {"refuse", "create", NULL};

const struct job_key job_delivery_keys[] = {
    {"rate", job_scalar_rate, OFFSET(rate), .min = 1, .max = 1000000, .absent = "the provider's",
     .help = "requests of the whole job in this time: all keys, retries and look-ups", .example = "20/s"},
    {"burst", job_scalar_uint32, OFFSET(burst), .min = 1, .max = 1000000, .standard = "5",
     .help = "requests that may leave at once after a pause", .example = "1"},
    {"in_flight", job_scalar_uint32, OFFSET(in_flight), .min = 1, .max = 10000, .absent = "the provider's",
     .help = "requests of the whole job that wait for their reply", .example = "32"},
    {"attempts", job_scalar_uint32, OFFSET(attempts), .min = 1, .max = 1000, .standard = "6",
     .help = "requests for one record in one run, look-ups and listings for it included", .example = "3"},
    {"timeout", job_scalar_duration, OFFSET(timeout_ns), .min = CLOCK_NS_PER_MS, .max = HOUR_NS,
     .standard = "30s", .help = "how long one request may take", .example = "60s"},
    {"retry_for", job_scalar_duration, OFFSET(retry_for_ns), .min = CLOCK_NS_PER_MS, .max = 168 * HOUR_NS,
     .standard = "10m", .help = "how long one record is retried, and how long a provider may be down",
     .example = "2h"},
    {"canary", job_scalar_uint32, OFFSET(canary), .max = 1000000, .standard = "10",
     .help =
         "the first requests of a new ledger, or after changed settings, are sent one at a time, and a refusal among them stops the run",
     .example = "0"},
    {"stop_after", .read = job_keys_read_table, .keys = stop_keys, .form = "mapping",
     .absent = "the defaults of its settings", .help = "the limits that stop a run before it does damage"},
    {"on_change", read_either, OFFSET(update), .words = change_words, .standard = "update",
     .help = "what becomes of a changed customer: it is updated, or left as it is", .example = "ignore"},
    {"in_doubt", read_either, OFFSET(settle), .words = doubt_words, .standard = "settle",
     .help =
         "what becomes of a create whose result is unknown: the run resolves it, or leaves it to a person",
     .example = "hold"},
    {"twins", read_either, OFFSET(refuse_twins), .words = twin_words, .standard = "refuse",
     .help =
         "what becomes of a record whose e-mail, names and birth date belong to a customer with another key",
     .example = "create"},
    {"lock_folder", read_lock_folder, OFFSET(lock_folder), .form = "path of a folder",
     .absent = "the system's (/run/lock)",
     .help = "the folder of the locks that keep two processes from using one credential at once",
     .example = "/var/lib/kyc-import/locks"},
    {"shared", .read = read_shared, .form = "name: lower-case letters, digits and hyphens",
     .absent = "the job uses the account alone",
     .help =
         "a name for the provider's account: jobs with the same name share its rate limit and its API keys, also on several hosts if their ledgers are in one PostgreSQL database",
     .example = "kraken-main"},
    {0},
};
