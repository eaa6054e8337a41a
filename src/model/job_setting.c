#include "model/job_setting.h"

#include <string.h>

static struct job_setting_value find(const struct job_provider *provider, const char *name)
{
    for (size_t i = 0; i < provider->value_count; i++)
        if (strcmp(provider->values[i].name, name) == 0)
            return provider->values[i];
    return (struct job_setting_value){.name = name};
}

uint64_t job_setting_number(const struct job_provider *provider, const char *name)
{
    return find(provider, name).number;
}

const char *job_setting_text(const struct job_provider *provider, const char *name)
{
    return find(provider, name).text;
}

bool job_setting_flag(const struct job_provider *provider, const char *name)
{
    return find(provider, name).number != 0;
}

struct job_place job_setting_place(const struct job_provider *provider, const char *name)
{
    return find(provider, name).place;
}
