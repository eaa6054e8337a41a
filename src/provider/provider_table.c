#include "provider/provider_table.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "provider/provider_list.h"
#include "provider/retained_fields.h"

enum { PROVIDERS_MAX = 32 };

const struct provider *provider_find(const char *name)
{
    for (const struct provider *const *provider = provider_list; *provider; provider++)
        if (strcmp((*provider)->name, name) == 0)
            return *provider;
    return NULL;
}

const char *const *provider_names(void)
{
    static const char *names[PROVIDERS_MAX + 1];
    for (size_t i = 0; provider_list[i]; i++) {
        assert(i < PROVIDERS_MAX);
        names[i] = provider_list[i]->name;
    }
    return names;
}

static int check_ca_file(const struct job *job, struct error *error)
{
    const char *path = job->provider.ca_file;
    if (!path)
        return 0;
    struct stat info;
    const char *reason = NULL;
    if (stat(path, &info) != 0 || access(path, R_OK) != 0)
        reason = strerror(errno);
    else if (!S_ISREG(info.st_mode) || info.st_size == 0)
        reason = "not a file with certificates";
    if (!reason)
        return 0;
    return job_fail(job, job->provider.place, error, "provider.ca_file %s cannot be read: %s", path, reason);
}

static void fail_without_name(const struct job *job, const char *known, struct error *error)
{
    for (size_t i = 0; i < job->provider.setting_count; i++) {
        const struct job_setting *setting = &job->provider.settings[i];
        const char *nearest = text_nearest(slice_from(setting->name), job->provider.common);
        if (!setting->origin && nearest && strcmp(nearest, "name") == 0) {
            job_fail(job, setting->key_place, error,
                     "unknown key `%s` in `provider`\nhint: did you mean `name`?", setting->name);
            return;
        }
    }
    job_fail(job, job->provider.place, error, "`provider.name` is missing\nhint: one of %s", known);
}

static const struct provider *find_named(const struct job *job, struct error *error)
{
    const char *name = job->provider.name;
    const struct provider *provider = name ? provider_find(name) : NULL;
    const char *nearest = name ? text_nearest(slice_from(name), provider_names()) : NULL;
    char known[TEXT_HINT_SIZE];

    text_join_names(provider_names(), ", ", known);
    if (!name)
        fail_without_name(job, known, error);
    else if (!provider && nearest)
        job_fail(job, job->provider.place, error, "unknown provider `%s`\nhint: did you mean `%s`?", name,
                 nearest);
    else if (!provider)
        job_fail(job, job->provider.place, error, "unknown provider `%s`\nhint: one of %s", name, known);
    return provider;
}

const struct provider *provider_of_job(struct job *job, bool with_secrets, struct error *error)
{
    const struct provider *provider = find_named(job, error);
    bool is_valid = provider && check_ca_file(job, error) == 0 &&
                    provider_settings_read(job, provider, error) == 0 &&
                    retained_fields_set(job, provider, error) == 0 &&
                    provider_credentials_check(job, provider, with_secrets, error) == 0;
    return is_valid ? provider : NULL;
}
