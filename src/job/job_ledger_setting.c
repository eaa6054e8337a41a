#include <string.h>

#include "core/postgres_url.h"
#include "job/job_parts.h"
#include "job/job_scalar.h"

enum { SCHEMA_NAME_MAX = 59 }; /* of a job: PostgreSQL cuts names at 63 bytes, and `kyc_` is before it */

static int fail_url(struct job_reader *reader, const struct job_node *value, const char *fault)
{
    return job_keys_fail(
        reader, value,
        "`ledger` %s\nhint: as in postgresql://kyc@db.example.com/kyc, with the password in ledger_password: env:NAME",
        fault);
}

int job_ledger_setting_read(struct job_reader *reader, const struct job_node *value,
                            const struct job_key *key, void *target)
{
    struct job *job = target;
    struct slice ledger;
    (void)key;
    job->ledger_place = value->place;
    if (job_scalar_read(reader, value, &ledger) != 0)
        return -1;
    if (postgres_url_is_one(ledger.data)) {
        struct postgres_url url;
        const char *fault;
        job->ledger_path = ledger.data;
        reader->hide_lines = true; /* somebody may write a password into it */
        int result = postgres_url_read(&url, ledger.data, &fault);
        if (result == 0)
            postgres_url_clear(&url);
        else
            fail_url(reader, value, fault);
        reader->hide_lines = false;
        return result;
    }
    if (!slice_begins_with(ledger, "sqlite:") || ledger.len == strlen("sqlite:"))
        return job_keys_fail(reader, value, "`ledger` should be sqlite:PATH");
    job->ledger_path = job_scalar_join(reader, ledger.data + strlen("sqlite:"));
    return 0;
}

int job_ledger_setting_finish(struct job_reader *reader, const struct job_node *top)
{
    const struct job_node *ledger = job_yaml_member(top, SLICE_LITERAL("ledger")),
                          *password = job_yaml_member(top, SLICE_LITERAL("ledger_password")),
                          *name = job_yaml_member(top, SLICE_LITERAL("job"));
    const struct job *job = reader->job;

    if (!ledger || !postgres_url_is_one(job->ledger_path))
        return !password
                   ? 0
                   : job_keys_fail_at_key(
                         reader, password,
                         "`ledger_password` belongs to a ledger in PostgreSQL, and `ledger` is a file\nhint: remove it, or write ledger: postgresql://USER@HOST/DATABASE");
    if (strlen(job->name) > SCHEMA_NAME_MAX)
        return job_keys_fail(
            reader, name,
            "`job` is too long for a ledger in PostgreSQL, whose schema is named after it\nhint: use at most %d characters",
            SCHEMA_NAME_MAX);
    if (!job_yaml_member(top, SLICE_LITERAL("ledger_key")))
        return job_keys_fail(
            reader, ledger,
            "a ledger in PostgreSQL needs `ledger_key`, because a database has no folder for a key file\nhint: make one with (umask 077; openssl rand -hex 32 > ledger.key), keep a copy of it apart from the database, and write ledger_key: file:ledger.key");
    return job_keys_fail(reader, ledger, "PostgreSQL ledgers are not supported\nhint: write sqlite:PATH");
}
