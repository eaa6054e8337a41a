#include "job/job_ledger_setting.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/memory.h"
#include "core/postgres_url.h"
#include "job/job_parts.h"
#include "job/job_scalar.h"

#define SQLITE "sqlite:"

enum { SCHEMA_NAME_MAX = 59 }; /* of a job: PostgreSQL cuts names at 63 bytes, and `kyc_` is before it */

/* *location: what a value of `ledger` names, in a new text; NULL: *fault, as the rest of a sentence that
 * begins with the setting's name, without any part of a URL. */
static char *find_location(const char *folder, const char *value, const char **fault)
{
    struct postgres_url url;

    *fault = "should be sqlite:PATH or postgresql://USER@HOST/DATABASE";
    if (postgres_url_is_one(value)) {
        if (postgres_url_read(&url, value, fault) != 0)
            return NULL;
        postgres_url_clear(&url);
        return memory_copy(slice_from(value));
    }
    if (strncmp(value, SQLITE, strlen(SQLITE)) == 0 && value[strlen(SQLITE)] != '\0')
        return file_join(folder, value + strlen(SQLITE));
    return NULL;
}

#define URL_HINT                                                                                             \
    "hint: as in postgresql://kyc@db.example.com/kyc, with the password in ledger_password: env:NAME"

char *job_ledger_setting_location(const struct job *job, const char *value, struct error *error)
{
    const char *fault;
    char *location = find_location(job->folder, value, &fault);

    if (!location && postgres_url_is_one(value))
        error_set(error, ERROR_USAGE, "the place of a ledger %s\n" URL_HINT, fault);
    else if (!location)
        error_set(
            error, ERROR_USAGE,
            "the place of a ledger %s\nhint: of a file, write sqlite: before its path, as in sqlite:nightly.ledger; the path is relative to the job file's folder",
            fault);
    return location;
}

int job_ledger_setting_read(struct job_reader *reader, const struct job_node *value,
                            const struct job_key *key, void *target)
{
    struct job *job = target;
    struct slice ledger;
    const char *fault;
    (void)key;
    job->ledger_place = value->place;
    if (job_scalar_read(reader, value, &ledger) != 0)
        return -1;
    char *location = find_location(job->folder, ledger.data, &fault);
    if (location) {
        job->ledger_path = arena_copy(&job->arena, slice_from(location)).data;
        free(location);
        return 0;
    }
    if (!postgres_url_is_one(ledger.data))
        return job_keys_fail(reader, value, "`ledger` %s", fault);
    reader->hide_lines = true; /* somebody may write a password into it */
    job_keys_fail(reader, value, "`ledger` %s\n" URL_HINT, fault);
    reader->hide_lines = false;
    return -1;
}

int job_ledger_setting_finish(struct job_reader *reader, const struct job_node *top)
{
    const struct job_node *ledger = job_yaml_member(top, SLICE_LITERAL("ledger")),
                          *password = job_yaml_member(top, SLICE_LITERAL("ledger_password")),
                          *name = job_yaml_member(top, SLICE_LITERAL("job"));
    const struct job *job = reader->job;

    if (!ledger && password) /* the line of the database was forgotten */
        return job_keys_fail_at_key(
            reader, password,
            "`ledger_password` belongs to a ledger in PostgreSQL, and the job has no `ledger`\nhint: remove it, or write ledger: postgresql://USER@HOST/DATABASE");
    /* A file that is named may have one: the job is moved, or --set names a file to try a backup in. */
    if (!ledger || !postgres_url_is_one(job->ledger_path))
        return 0;
    if (strlen(job->name) > SCHEMA_NAME_MAX)
        return job_keys_fail(
            reader, name,
            "`job` is too long for a ledger in PostgreSQL, whose schema is named after it\nhint: use at most %d characters",
            SCHEMA_NAME_MAX);
    if (!job_yaml_member(top, SLICE_LITERAL("ledger_key")))
        return job_keys_fail(
            reader, ledger,
            "a ledger in PostgreSQL needs `ledger_key`, because a database has no folder for a key file\nhint: make one with (umask 077; openssl rand -hex 32 > ledger.key), keep a copy of it apart from the database, and write ledger_key: file:ledger.key");
    return 0;
}
