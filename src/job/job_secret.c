#include "core/secret.h"

#include "job/job_parts.h"
#include "job/job_scalar.h"

static bool is_reference(struct slice text)
{
    static const struct slice forms[] = {SLICE_LITERAL("env:"), SLICE_LITERAL("file:")};
    for (size_t at = 0; at < sizeof forms / sizeof forms[0]; at++)
        if (text.len > forms[at].len && memcmp(text.at, forms[at].at, forms[at].len) == 0)
            return true;
    return false;
}

int job_secret_read(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    bool hidden = reader->hide_lines;
    reader->hide_lines = true;
    struct slice reference;
    struct error reason = {0};
    int result = job_scalar_read(reader, value, &reference);
    if (result == 0 && !is_reference(reference))
        result = job_keys_fail(
            reader, value,
            "`%s` is no reference to a secret: write env:NAME or file:PATH; secrets are never in "
            "the job file",
            key->name);
    if (result == 0 && reader->overrides->secrets) {
        struct secret *secret = (struct secret *)(void *)((char *)target + key->offset);
        if (secret_load(secret, reference.at, reader->job->folder, &reason) != 0)
            result = job_keys_fail(reader, value, "`%s`: %s", key->name, reason.text);
    }
    reader->hide_lines = hidden;
    return result;
}
