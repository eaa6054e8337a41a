#include "core/log.h"
#include "core/secret.h"

#include "job/job_parts.h"
#include "job/job_scalar.h"

bool job_secret_is_reference(struct slice text)
{
    static const struct slice forms[] = {SLICE_LITERAL("env:"), SLICE_LITERAL("file:")};
    for (size_t index = 0; index < sizeof forms / sizeof forms[0]; index++)
        if (text.len > forms[index].len && memcmp(text.data, forms[index].data, forms[index].len) == 0)
            return true;
    return false;
}

static int read_secret(struct job_reader *reader, const struct job_node *value, const char *name,
                       struct secret *secret, bool any_bytes)
{
    bool hidden = reader->hide_lines;
    reader->hide_lines = true;
    struct slice reference;
    struct error reason = {0};
    int result = job_scalar_read(reader, value, &reference);
    if (result == 0 && !job_secret_is_reference(reference))
        result = job_keys_fail(
            reader, value,
            "`%s` is not a reference to a secret\nhint: write env:NAME or file:PATH; secrets are never in the job file",
            name);
    if (result == 0 && reader->overrides->secrets) {
        if (secret_load(secret, reference.data, reader->job->folder, &reason) != 0)
            result = job_keys_fail(reader, value, "`%s`: %s", name, reason.text);
        const char *fault = result == 0 && !any_bytes ? secret_find_fault(secret) : NULL;
        if (fault)
            result = job_keys_fail(reader, value, "`%s`: %s %s", name, reference.data, fault);
    }
    reader->hide_lines = hidden;
    return result;
}

int job_secret_read(struct job_reader *reader, const struct job_node *value,
                    struct job_credential *credential)
{
    credential->name = value->key.data;
    credential->place = value->key_place;
    return read_secret(reader, value, credential->name, &credential->secret, false);
}

static int read_of_ledger(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target, bool is_key)
{
    struct secret *secret = (struct secret *)(void *)((char *)target + key->offset);
    struct slice reference;
    struct error ignored;

    if (read_secret(reader, value, key->name, secret, is_key) != 0)
        return -1;
    /* Reading a ledger needs its key and password, not the credentials. Where they are not at hand, there may
     * be no ledger either; opening one reports it. */
    if (!reader->overrides->secrets && job_scalar_read(reader, value, &reference) == 0)
        (void)!secret_load(secret, reference.data, reader->job->folder, &ignored);
    const char *weakness = is_key && secret->data ? secret_find_weakness(secret) : NULL;
    return weakness ? job_keys_fail(reader, value, "`%s` %s", key->name, weakness) : 0;
}

int job_secret_read_bytes(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target)
{
    return read_of_ledger(reader, value, key, target, true);
}

int job_secret_read_line(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                         void *target)
{
    return read_of_ledger(reader, value, key, target, false);
}

int job_secret_read_optional(struct job_reader *reader, const struct job_node *value, const char *name,
                             struct secret *secret, const char **fault)
{
    struct error *error = reader->error, reason = {0};
    struct slice reference;
    bool loads = reader->overrides->secrets && job_scalar_read(reader, value, &reference) == 0 &&
                 job_secret_is_reference(reference);
    if (!loads)
        return read_secret(reader, value, name, secret, false);
    reader->error = &reason;
    int result = read_secret(reader, value, name, secret, false);
    reader->error = error;
    if (result == 0)
        return 0;
    secret_clear(secret);
    *fault = arena_copy(&reader->job->arena, slice_from(reason.text)).data;
    log_warning("%s", *fault);
    return 0;
}
