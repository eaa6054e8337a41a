#include "job/job_scalar.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/file.h"

#define NS_PER_MINUTE (60 * CLOCK_NS_PER_S)
#define NS_PER_HOUR   (3600 * CLOCK_NS_PER_S)

/* A number's unit and what it multiplies with. */
struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"", 1}, {"KiB", UINT64_C(1) << 10}, {"MiB", UINT64_C(1) << 20}, {"GiB", UINT64_C(1) << 30}, {NULL, 0}};
static const struct unit duration_units[] = {
    {"ms", CLOCK_NS_PER_MS}, {"s", CLOCK_NS_PER_S}, {"m", NS_PER_MINUTE}, {"h", NS_PER_HOUR}, {NULL, 0}};
static const struct unit rate_units[] = {
    {"/s", CLOCK_NS_PER_S}, {"/min", NS_PER_MINUTE}, {"/h", NS_PER_HOUR}, {NULL, 0}};
static const struct unit percent_units[] = {{"%", 1}, {NULL, 0}};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

int job_scalar_read(struct job_reader *reader, const struct job_node *value, struct slice *text)
{
    *text = slice_make("", 0);
    if (value->kind != JOB_NODE_SCALAR || job_yaml_is_null(value))
        return job_keys_fail_kind(reader, value, JOB_NODE_SCALAR);
    if (value->text.len == 0)
        return job_keys_fail(reader, value, "`%s` is empty",
                             value->key.data ? value->key.data : "this value");
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

/* `NUMBER UNIT` without a blank between them: digits only. False when text is anything else or over 64 bits.
 */
static bool split_number(struct slice text, const struct unit *units, uint64_t *number,
                         const struct unit **unit)
{
    uint64_t sum = 0;
    size_t offset = 0;
    for (; offset < text.len && text.data[offset] >= '0' && text.data[offset] <= '9'; offset++)
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, text.data[offset] - '0', &sum))
            return false;
    if (offset == 0)
        return false;
    for (; units->name; units++) {
        if (slice_is(slice_skip(text, offset), units->name)) {
            *number = sum;
            *unit = units;
            return true;
        }
    }
    return false;
}

/* A number of the row's range; form: what to write, for the message. */
static int read_number(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       const struct unit *units, const char *form, uint64_t *number)
{
    struct slice text;
    const struct unit *unit;
    uint64_t written, product;
    if (job_scalar_read(reader, value, &text) != 0)
        return -1;
    if (!split_number(text, units, &written, &unit))
        return job_keys_fail(reader, value, "`%s` is not a %s", text.data, form);
    if (__builtin_mul_overflow(written, unit->factor, &product) || product < key->min || product > key->max)
        return job_keys_fail(reader, value,
                             "`%s` is out of range: `%s` may be from %" PRIu64 "%s to %" PRIu64 "%s",
                             text.data, key->name, (key->min + unit->factor - 1) / unit->factor, unit->name,
                             key->max / unit->factor, unit->name);
    *number = product;
    return 0;
}

int job_scalar_uint32(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    uint64_t number = 0;
    if (read_number(reader, value, key, no_units, "whole number", &number) != 0)
        return -1;
    *(uint32_t *)at_offset(target, key) = (uint32_t)number;
    return 0;
}

int job_scalar_uint64(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    return read_number(reader, value, key, no_units, "whole number", at_offset(target, key));
}

int job_scalar_size(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    uint64_t number = 0;
    if (read_number(reader, value, key, size_units, "size\nhint: write bytes, or KiB, MiB, GiB, as in `1MiB`",
                    &number) != 0)
        return -1;
    *(size_t *)at_offset(target, key) = (size_t)number;
    return 0;
}

int job_scalar_duration(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                        void *target)
{
    return read_number(reader, value, key, duration_units, "duration\nhint: write ms, s, m or h, as in `30s`",
                       at_offset(target, key));
}

int job_scalar_percent(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    uint64_t number = 0;
    if (read_number(reader, value, key, percent_units, "share\nhint: write a percentage, as in `20%`",
                    &number) != 0)
        return -1;
    *(uint32_t *)at_offset(target, key) = (uint32_t)number;
    return 0;
}

int job_scalar_rate(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    struct slice text;
    const struct unit *unit;
    uint64_t number;
    if (job_scalar_read(reader, value, &text) != 0)
        return -1;
    if (!split_number(text, rate_units, &number, &unit))
        return job_keys_fail(reader, value, "`%s` is not a rate\nhint: write /s, /min or /h, as in `20/s`",
                             text.data);
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
        return job_keys_fail(reader, value, "`%s` is neither true nor false", text.data);
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
        return job_keys_fail(reader, value,
                             "`%s` cannot be a `%s`: one ASCII punctuation character, or `tab`, can",
                             text.data, key->name);
    return 0;
}

static const void *value_of(const struct job_key *key, const void *target)
{
    return (const char *)target + key->offset;
}

void job_scalar_write_text(const struct job_key *key, const void *target, struct buffer *out)
{
    const char *text = *(const char *const *)value_of(key, target);

    if (text)
        buffer_printf(out, "%zu:%s", strlen(text), text);
}

void job_scalar_write_uint64(const struct job_key *key, const void *target, struct buffer *out)
{
    buffer_printf(out, "%" PRIu64, *(const uint64_t *)value_of(key, target));
}

void job_scalar_write_size(const struct job_key *key, const void *target, struct buffer *out)
{
    buffer_printf(out, "%zu", *(const size_t *)value_of(key, target));
}

void job_scalar_write_bool(const struct job_key *key, const void *target, struct buffer *out)
{
    buffer_printf(out, "%d", *(const bool *)value_of(key, target));
}

void job_scalar_write_word(const struct job_key *key, const void *target, struct buffer *out)
{
    buffer_append_text(out, key->words[*(const int *)value_of(key, target)]);
}
