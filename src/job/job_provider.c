#include "core/base_url.h"
#include "core/text.h"
#include "job/job_parts.h"
#include "job/job_scalar.h"

static int read_credentials_mapping(struct job_reader *reader, const struct job_node *value,
                                    struct job_credentials *credentials)
{
    if (value->kind != JOB_NODE_MAPPING)
        return job_keys_fail_kind(reader, value, JOB_NODE_MAPPING);
    if (value->count == 0)
        return job_keys_fail(
            reader, value,
            "`provider.credentials` is empty\nhint: write env:NAME or file:PATH for each secret");
    size_t size = value->count * sizeof *credentials->items;
    credentials->items = memset(arena_alloc(&reader->job->arena, size), 0, size);
    credentials->place = value->place;
    for (const struct job_node *member = value->first; member; member = member->next)
        if (job_secret_read(reader, member, &credentials->items[credentials->count++]) != 0)
            return -1;
    return 0;
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

/* The text of a member that should be a reference may be the secret itself. */
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

/* A path of names: `kyc.general.status`. */
static bool is_path(struct slice name)
{
    enum { PART_MAX = 63 };
    size_t len = 0;
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '.' && len == 0)
            return false;
        len = name.data[i] == '.' ? 0 : len + 1;
        if (len > PART_MAX)
            return false;
    }
    return len > 0;
}

static int read_keep(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                     void *target)
{
    (void)key;
    struct job_provider *provider = target;
    struct arena *arena = &reader->job->arena;
    if (value->kind != JOB_NODE_LIST)
        return job_keys_fail_kind(reader, value, JOB_NODE_LIST);
    if (value->count > JOB_KEEP_MAX)
        return job_keys_fail(reader, value, "`keep` has %zu names, and may have %d", value->count,
                             JOB_KEEP_MAX);
    size_t count = 0;
    const char **names = arena_alloc(arena, (value->count + 1) * sizeof *names);
    struct job_place *places = arena_alloc(arena, (value->count + 1) * sizeof *places);
    for (const struct job_node *item = value->first; item; item = item->next) {
        struct slice name;
        if (job_scalar_read(reader, item, &name) != 0)
            return -1;
        if (!is_path(name))
            return job_keys_fail(
                reader, item,
                "`keep` names `%s`, which is not a path of names\nhint: write dots between the names of the answer, such as kyc.general.status",
                name.data);
        for (size_t i = 0; i < count; i++)
            if (slice_is(name, names[i]))
                return job_keys_fail(reader, item, "`keep` names `%s` twice", name.data);
        places[count] = item->place;
        names[count++] = name.data;
    }
    names[count] = NULL;
    provider->keep = names;
    provider->keep_places = places;
    return 0;
}

#define OFFSET(member) .offset = offsetof(struct job_provider, member)

const struct job_key job_provider_keys[] = {
    {"name", .read = read_name, OFFSET(name), .form = "name of a provider", .absent = "required",
     .help = "the provider: kyc-import help providers lists them"},
    {"base_url", .read = read_base_url, .form = "https:// URL, which may have a path; http:// to loopback",
     .absent = "the provider's", .help = "where requests are sent",
     .example = "https://sandbox.example.com/v1"},
    {"credentials", .read = read_credentials_hidden,
     .form = "mapping of env:NAME or file:PATH; or a list of such mappings", .absent = "required",
     .help = "the secrets that the provider asks for, by reference; a list is a pool of keys",
     .example = "{api_key: env:PWS_API_KEY, api_secret: env:PWS_API_SECRET}"},
    {"ca_file", .read = job_scalar_path, OFFSET(ca_file), .absent = "none",
     .help = "a file with certificates (PEM) that are trusted in addition", .example = "company-ca.pem"},
    {"proxy", .read = read_proxy, OFFSET(proxy), .form = "URL without a user", .absent = "none",
     .help = "the only proxy that is used: those of the environment are ignored",
     .example = "http://proxy.example.com:3128"},
    {"keep", .read = read_keep, .form = "list of paths of names, such as kyc.general.status",
     .absent = "the provider's",
     .help = "members of the answers to creates and updates that the ledger stores and results shows",
     .example = "[status, kyc.general.status]"},
    {0},
};

static const char *const *list_common(struct arena *arena)
{
    const size_t count = sizeof job_provider_keys / sizeof *job_provider_keys;
    const char **names = arena_alloc(arena, count * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = job_provider_keys[i].name;
    return names;
}

static void add_setting(struct job_provider *provider, const struct job_node *value)
{
    static const enum job_setting_form forms[] = {[JOB_NODE_SCALAR] = JOB_SETTING_TEXT,
                                                  [JOB_NODE_LIST] = JOB_SETTING_LIST,
                                                  [JOB_NODE_MAPPING] = JOB_SETTING_MAPPING};
    provider->settings[provider->setting_count++] = (struct job_setting){
        .name = value->key.data,
        .form = job_yaml_is_null(value) ? JOB_SETTING_NOTHING : forms[value->kind],
        .text = value->text.data,
        .origin = value->origin,
        .key_place = value->key_place,
        .place = value->place,
    };
}

/* The other unknown keys are judged with the settings of the provider, which come later. */
static int fail_without_credentials(struct job_reader *reader, const struct job_node *value,
                                    const struct job_provider *provider)
{
    for (const struct job_node *member = value->first; member; member = member->next) {
        const char *nearest = text_nearest(member->key, provider->common);
        if (!job_keys_find(job_provider_keys, member->key) && nearest && strcmp(nearest, "credentials") == 0)
            return job_keys_fail_at_key(reader, member,
                                        "unknown key `%s` in `provider`\nhint: did you mean `credentials`?",
                                        member->key.data);
    }
    return job_keys_fail_at_key(
        reader, value,
        "`provider.credentials` is missing\nhint: write env:NAME or file:PATH for each secret");
}

int job_provider_read(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    struct job_provider *provider = &((struct job *)target)->provider;
    struct arena *arena = &reader->job->arena;
    (void)key;
    if (value->kind != JOB_NODE_MAPPING)
        return job_keys_fail_kind(reader, value, JOB_NODE_MAPPING);
    provider->place = value->key_place;
    provider->common = list_common(arena);
    provider->settings = arena_alloc(arena, (value->count + 1) * sizeof *provider->settings);
    for (const struct job_node *member = value->first; member; member = member->next) {
        const struct job_key *common = job_keys_find(job_provider_keys, member->key);
        if (!common)
            add_setting(provider, member);
        else if (common->read(reader, member, common, provider) != 0)
            return -1;
    }
    return provider->credential_count > 0 ? 0 : fail_without_credentials(reader, value, provider);
}
