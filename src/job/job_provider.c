#include "job/job_provider.h"

#include "core/base_url.h"
#include "core/clock.h"
#include "job/job_parts.h"
#include "job/job_scalar.h"

#define HOUR_NS (3600 * CLOCK_NS_PER_S)

enum { IDEMPOTENCY_HOURS = 24, SETTLE_SECONDS = 60, LIST_MAX_DEFAULT = 1 << 30 };

/* Whose settings are whose. Whether a provider is known or built is its own table's matter
 * (src/provider): the settings of a name that is not here are not checked. */
enum { PAYWARD = 1, KRAKEN_EMBED = 2, KIRA = 4, PAYSO = 8, EVERYONE = 15 };

static const struct {
    const char *name;
    unsigned bit;
} provider_bits[] = {
    {"payward", PAYWARD}, {"kraken-embed", KRAKEN_EMBED}, {"kira", KIRA}, {"payso", PAYSO}, {NULL, 0}};

#define CREDENTIAL(member)                                                                                   \
    {                                                                                                        \
#member, job_secret_read, .offset = offsetof(struct job_credentials, member)                         \
    }
static const struct job_key credential_keys[] = {
    CREDENTIAL(api_key),  CREDENTIAL(api_secret), CREDENTIAL(client_id),
    CREDENTIAL(password), CREDENTIAL(token),      {0},
};

static int read_credentials_mapping(struct job_reader *reader, const struct job_node *value,
                                    struct job_credentials *credentials)
{
    credentials->place = value->place;
    if (value->kind == JOB_NODE_MAPPING && value->count == 0)
        return job_keys_fail(
            reader, value,
            "`provider.credentials` is empty\nhint: write env:NAME or file:PATH for each secret");
    return job_keys_read(reader, value, credential_keys, "credentials", credentials);
}

static int read_credentials(struct job_reader *reader, const struct job_node *value,
                            const struct job_key *key, void *target)
{
    (void)key;
    struct job_provider *provider = target;
    size_t count = value->kind == JOB_NODE_LIST ? value->count : 1;
    if (value->kind == JOB_NODE_SCALAR || count == 0)
        return job_keys_fail_kind(reader, value, JOB_NODE_MAPPING);
    provider->credentials = arena_alloc(&reader->job->arena, count * sizeof *provider->credentials);
    memset(provider->credentials, 0, count * sizeof *provider->credentials);
    provider->credential_count = count;
    if (value->kind == JOB_NODE_MAPPING)
        return read_credentials_mapping(reader, value, &provider->credentials[0]);
    size_t offset = 0;
    for (const struct job_node *item = value->first; item; item = item->next, offset++)
        if (read_credentials_mapping(reader, item, &provider->credentials[offset]) != 0)
            return -1;
    return 0;
}

/* An unknown key beside a secret would show the secret with its line. */
static int read_credentials_hidden(struct job_reader *reader, const struct job_node *value,
                                   const struct job_key *key, void *target)
{
    reader->hide_lines = true;
    int result = read_credentials(reader, value, key, target);
    reader->hide_lines = false;
    return result;
}

static int read_name(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                     void *target)
{
    struct job_provider *provider = target;
    provider->place = value->place;
    return job_scalar_text(reader, value, key, target);
}

static int read_base_url(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                         void *target)
{
    (void)key;
    struct job_provider *provider = target;
    struct slice url;
    if (job_scalar_read(reader, value, &url) != 0)
        return -1;
    struct base_url parts;
    const char *fault = base_url_parse(url, &parts);
    if (fault) {
        reader->hide_lines = memchr(url.data, '@', url.len); /* it may hold a password */
        int result = job_keys_fail(reader, value, "`base_url` %s", fault);
        reader->hide_lines = false;
        return result;
    }
    provider->base_url = url.data;
    provider->base_url_place = value->place;
    return 0;
}

static int read_proxy(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    bool has_user = value->kind == JOB_NODE_SCALAR && memchr(value->text.data, '@', value->text.len);
    if (!has_user)
        return job_scalar_text(reader, value, key, target);
    reader->hide_lines = true;
    int result = job_keys_fail(reader, value, "`proxy` may not hold a user or a password");
    reader->hide_lines = false;
    return result;
}

static int read_documents(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target)
{
    struct job_provider *provider = target;
    provider->documents_place = value->place;
    return job_scalar_path(reader, value, key, target);
}

static int read_keep(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                     void *target)
{
    (void)key;
    struct job_provider *provider = target;
    if (value->kind != JOB_NODE_LIST)
        return job_keys_fail_kind(reader, value, JOB_NODE_LIST);
    size_t count = 0;
    provider->keep = arena_alloc(&reader->job->arena, (value->count + 1) * sizeof *provider->keep);
    for (const struct job_node *item = value->first; item; item = item->next) {
        struct slice name;
        if (job_scalar_read(reader, item, &name) != 0)
            return -1;
        for (size_t i = 0; i < count; i++)
            if (slice_is(name, provider->keep[i]))
                return job_keys_fail(reader, item, "`keep` names `%s` twice", name.data);
        provider->keep[count++] = name.data;
    }
    provider->keep[count] = NULL;
    return 0;
}

static const char *const date_formats[] = {
    [JOB_DATE_DMY] = "DD/MM/YYYY", [JOB_DATE_ISO] = "YYYY-MM-DD", NULL};

#define OFFSET(member) .offset = offsetof(struct job_provider, member)

static void write_keep(const struct job_key *key, const void *target, struct buffer *out)
{
    const struct job_provider *provider = target;

    (void)key;
    for (size_t i = 0; provider->keep && provider->keep[i]; i++)
        buffer_printf(out, "%zu:%s,", strlen(provider->keep[i]), provider->keep[i]);
}

static const struct job_key provider_keys[] = {
    {"name", read_name, .write = job_scalar_write_text, OFFSET(name), .providers = EVERYONE},
    {"base_url", read_base_url, .write = job_scalar_write_text, OFFSET(base_url), .providers = EVERYONE},
    {"credentials", read_credentials_hidden, .providers = EVERYONE},
    {"ca_file", job_scalar_path, .write = job_scalar_write_text, OFFSET(ca_file), .providers = EVERYONE},
    {"proxy", read_proxy, .write = job_scalar_write_text, OFFSET(proxy), .providers = EVERYONE},
    {"keep", read_keep, .write = write_keep, .providers = EVERYONE},
    {"nonce_window", job_scalar_uint64, .write = job_scalar_write_uint64, OFFSET(nonce_window),
     .max = INT64_MAX, .providers = PAYWARD | KRAKEN_EMBED},
    {"nonce_floor", job_scalar_uint64, .write = job_scalar_write_uint64, OFFSET(nonce_floor),
     .max = INT64_MAX, .providers = PAYWARD | KRAKEN_EMBED},
    {"concat_country", job_scalar_bool, .write = job_scalar_write_bool, OFFSET(concat_country),
     .providers = PAYWARD | KRAKEN_EMBED},
    {"version", job_scalar_text, .write = job_scalar_write_text, OFFSET(version),
     .providers = KRAKEN_EMBED | KIRA},
    {"version_header", job_scalar_text, .write = job_scalar_write_text, OFFSET(version_header),
     .providers = KRAKEN_EMBED | KIRA},
    {"idempotency_window", job_scalar_duration, .write = job_scalar_write_uint64,
     OFFSET(idempotency_window_ns), .min = HOUR_NS, .max = 24 * HOUR_NS, .providers = KIRA},
    {"documents", read_documents, .write = job_scalar_write_text, OFFSET(documents), .providers = KIRA},
    {"settle_after", job_scalar_duration, .write = job_scalar_write_uint64, OFFSET(settle_after_ns),
     .min = CLOCK_NS_PER_MS, .max = 24 * HOUR_NS, .providers = PAYSO},
    {"list_max", job_scalar_size, .write = job_scalar_write_size, OFFSET(list_max), .min = 1, .max = SIZE_MAX,
     .providers = PAYSO},
    {"date_format", job_scalar_word, .write = job_scalar_write_word, OFFSET(date_format),
     .words = date_formats, .providers = PAYSO},
    {0},
};

const struct job_key *job_provider_keys(void)
{
    return provider_keys;
}

void job_provider_write(const struct job_provider *provider, struct buffer *out)
{
    for (const struct job_key *key = provider_keys; key->name; key++) {
        if (!key->write)
            continue;
        buffer_printf(out, "%s=", key->name);
        key->write(key, provider, out);
        buffer_append_char(out, '\n');
    }
}

/* A setting that another provider has: refused by name, since it would do nothing here. */
static int check_owner(struct job_reader *reader, const struct job_node *setting, const char *provider,
                       unsigned bit)
{
    const struct job_key *key = job_keys_find(provider_keys, setting->key);
    if (!key || key->providers & bit)
        return 0;
    const char *owners[2] = {NULL, NULL};
    size_t count = 0;
    for (size_t offset = 0; provider_bits[offset].name && count < 2; offset++)
        if (key->providers & provider_bits[offset].bit)
            owners[count++] = provider_bits[offset].name;
    return job_keys_fail_at_key(reader, setting, "`%s` is a setting of %s%s%s, not of %s", key->name,
                                owners[0], owners[1] ? " and " : "", owners[1] ? owners[1] : "", provider);
}

static int check_owners(struct job_reader *reader, const struct job_node *mapping)
{
    const struct job_node *name = job_yaml_member(mapping, SLICE_LITERAL("name"));
    if (!name || name->kind != JOB_NODE_SCALAR)
        return 0;
    for (size_t index = 0; provider_bits[index].name; index++) {
        if (!slice_is(name->text, provider_bits[index].name))
            continue;
        for (const struct job_node *setting = mapping->first; setting; setting = setting->next)
            if (check_owner(reader, setting, provider_bits[index].name, provider_bits[index].bit) != 0)
                return -1;
    }
    return 0;
}

int job_provider_read(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    struct job *job = target;
    job->provider.idempotency_window_ns = IDEMPOTENCY_HOURS * HOUR_NS;
    job->provider.settle_after_ns = SETTLE_SECONDS * CLOCK_NS_PER_S;
    job->provider.list_max = LIST_MAX_DEFAULT;
    if (value->kind == JOB_NODE_MAPPING && check_owners(reader, value) != 0)
        return -1;
    if (job_keys_read(reader, value, provider_keys, key->name, &job->provider) != 0)
        return -1;
    if (!job->provider.name)
        return job_keys_fail_at_key(
            reader, value, "`provider.name` is missing\nhint: one of payward, kraken-embed, kira, payso");
    if (job->provider.credential_count == 0)
        return job_keys_fail_at_key(
            reader, value,
            "`provider.credentials` is missing\nhint: write env:NAME or file:PATH for each secret");
    return 0;
}
