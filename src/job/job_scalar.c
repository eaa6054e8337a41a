#include "job/job_scalar.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

int job_scalar_read(struct job_reader *reader, const struct job_node *value, struct slice *text)
{
    *text = slice_make("", 0);
    if (value->kind != JOB_NODE_SCALAR || job_yaml_is_null(value))
        return job_keys_fail_kind(reader, value, JOB_NODE_SCALAR);
    if (value->text.len == 0)
        return job_keys_fail(reader, value, "`%s` is empty\nhint: write a value, or leave it out",
                             value->key.data && *value->key.data ? value->key.data : "this value");
    *text = value->text;
    return 0;
}

static void *at_offset(void *target, const struct job_key *key)
{
    return (char *)target + key->offset;
}

int job_scalar_text(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    struct slice text;
    if (job_scalar_read(reader, value, &text) != 0)
        return -1;
    *(const char **)at_offset(target, key) = text.data;
    return 0;
}

const char *job_scalar_join(struct job_reader *reader, const char *path)
{
    char *joined = file_join(reader->job->folder, path);
    const char *kept = arena_copy(&reader->job->arena, slice_from(joined)).data;
    free(joined);
    return kept;
}

int job_scalar_path(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    struct slice text;
    if (job_scalar_read(reader, value, &text) != 0)
        return -1;
    *(const char **)at_offset(target, key) = job_scalar_join(reader, text.data);
    return 0;
}

/* A number of the row's range. */
static int read_number(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       const struct quantity *quantity, uint64_t *number)
{
    struct slice text;
    char fault[QUANTITY_FAULT_SIZE];
    if (job_scalar_read(reader, value, &text) != 0)
        return -1;
    if (quantity_read(text, quantity, key->name, key->min, key->max, number, fault))
        return 0;
    if (quantity == &quantity_number && !strstr(fault, "may be from"))
        return job_keys_fail(reader, value, "%s\nhint: `%s` may be from %" PRIu64 " to %" PRIu64, fault,
                             key->name, key->min, key->max);
    return job_keys_fail(reader, value, "%s", fault);
}

int job_scalar_uint32(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    uint64_t number = 0;
    if (read_number(reader, value, key, &quantity_number, &number) != 0)
        return -1;
    *(uint32_t *)at_offset(target, key) = (uint32_t)number;
    return 0;
}

int job_scalar_uint64(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    return read_number(reader, value, key, &quantity_number, at_offset(target, key));
}

int job_scalar_size(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    uint64_t number = 0;
    if (read_number(reader, value, key, &quantity_size, &number) != 0)
        return -1;
    *(size_t *)at_offset(target, key) = (size_t)number;
    return 0;
}

int job_scalar_duration(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                        void *target)
{
    return read_number(reader, value, key, &quantity_duration, at_offset(target, key));
}

int job_scalar_percent(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    uint64_t number = 0;
    if (read_number(reader, value, key, &quantity_percent, &number) != 0)
        return -1;
    *(uint32_t *)at_offset(target, key) = (uint32_t)number;
    return 0;
}

int job_scalar_rate(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    struct slice text;
    const struct quantity_unit *unit;
    uint64_t number;
    if (job_scalar_read(reader, value, &text) != 0)
        return -1;
    if (!quantity_split(text, &quantity_rate, &number, &unit))
        return job_keys_fail(reader, value, "`%s` is not a %s", text.data, quantity_rate.form);
    if (number < key->min || number > key->max)
        return job_keys_fail(reader, value,
                             "`%s` is out of range: `%s` may be from %" PRIu64 "%s to %" PRIu64 "%s",
                             text.data, key->name, key->min, unit->name, key->max, unit->name);
    *(struct job_rate *)at_offset(target, key) = (struct job_rate){(uint32_t)number, unit->factor};
    return 0;
}

int job_scalar_bool(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    struct slice text;
    if (job_scalar_read(reader, value, &text) != 0)
        return -1;
    bool yes = slice_is(text, "true");
    if (!yes && !slice_is(text, "false"))
        return job_keys_fail(reader, value, "`%s` is neither true nor false\nhint: write `true` or `false`",
                             text.data);
    *(bool *)at_offset(target, key) = yes;
    return 0;
}

int job_scalar_word(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    struct slice text;
    if (job_scalar_read(reader, value, &text) != 0)
        return -1;
    for (int index = 0; key->words[index]; index++) {
        if (slice_is(text, key->words[index])) {
            *(int *)at_offset(target, key) = index;
            return 0;
        }
    }
    struct slice message =
        arena_printf(&reader->job->arena, "`%s` is not a value of `%s`", text.data, key->name);
    return job_keys_fail_name(reader, value, false, message.data, text, key->words);
}

int job_scalar_separator(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                         void *target)
{
    struct slice text;
    if (job_scalar_read(reader, value, &text) != 0)
        return -1;
    char *separator = at_offset(target, key);
    if (slice_is(text, "tab") || slice_is(text, "\t"))
        *separator = '\t';
    else if (text.len == 1 && ispunct((unsigned char)text.data[0]))
        *separator = text.data[0];
    else
        return job_keys_fail(
            reader, value,
            "`%s` cannot be the `%s`\nhint: write one ASCII punctuation character, such as `;`, or `tab`",
            text.data, key->name);
    return 0;
}

static const struct scalar {
    job_key_read *read;
    const char *form;
    const struct quantity *quantity;
} scalars[] = {
    {job_scalar_text, "text", NULL},
    {job_scalar_path, "path", NULL},
    {job_scalar_uint32, "whole number", &quantity_number},
    {job_scalar_uint64, "whole number", &quantity_number},
    {job_scalar_size, "size in bytes, KiB, MiB or GiB", &quantity_size},
    {job_scalar_duration, "time in ms, s, m or h", &quantity_duration},
    {job_scalar_percent, "share in %", &quantity_percent},
    {job_scalar_rate, "number per /s, /min or /h", &quantity_number},
    {job_scalar_bool, "true or false", NULL},
    {job_scalar_word, "", NULL},
    {job_scalar_separator, "one ASCII punctuation character, or tab", NULL},
};

static const struct scalar *find_scalar(job_key_read *read)
{
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
        if (scalars[i].read == read)
            return &scalars[i];
    return NULL;
}

const char *job_scalar_form(job_key_read *read)
{
    const struct scalar *scalar = find_scalar(read);
    return scalar ? scalar->form : NULL;
}

const struct quantity *job_scalar_quantity(job_key_read *read)
{
    const struct scalar *scalar = find_scalar(read);
    return scalar ? scalar->quantity : NULL;
}
