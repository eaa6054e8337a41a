/* job_parts: the credentials and the settings of a job that a test builds itself. */
#ifndef KYC_TESTS_UNIT_JOB_PARTS_H
#define KYC_TESTS_UNIT_JOB_PARTS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "model/job.h"
#include "model/job_setting.h"

enum { JOB_PARTS_MAX = 8 };

/* A row of JOB_SETTINGS. */
#define JOB_NUMBER(setting, value)                                                                           \
    {                                                                                                        \
        .name = (setting), .number = (value)                                                                 \
    }
#define JOB_TEXT(setting, value)                                                                             \
    {                                                                                                        \
        .name = (setting), .text = (value)                                                                   \
    }
/* Members of a struct job_provider: the settings as provider_of_job would have read them. */
#define JOB_SETTINGS(...)                                                                                    \
    .values = (struct job_setting_value[]){__VA_ARGS__},                                                     \
    .value_count = sizeof((struct job_setting_value[]){__VA_ARGS__}) / sizeof(struct job_setting_value)

/* Sets one more of them, or another value of it. storage: [JOB_PARTS_MAX], of this job alone. */
static inline void job_parts_set(struct job_provider *provider, struct job_setting_value *storage,
                                 struct job_setting_value value)
{
    size_t i = 0;
    while (i < provider->value_count && strcmp(storage[i].name, value.name) != 0)
        i++;
    storage[i] = value;
    provider->values = storage;
    provider->value_count += i == provider->value_count;
}

/* NAME, TEXT, … NULL: a set of credentials; those whose text is NULL are not in it. items: [JOB_PARTS_MAX].
 */
static inline struct job_credentials job_parts_credentials(struct job_credential *items, ...)
{
    struct job_credentials credentials = {.items = items};
    va_list arguments;
    va_start(arguments, items);
    for (const char *name; (name = va_arg(arguments, const char *));) {
        const char *text = va_arg(arguments, const char *);
        if (text)
            items[credentials.count++] = (struct job_credential){
                .name = name, .secret = {.data = (char *)(uintptr_t)text, .len = strlen(text)}};
    }
    va_end(arguments);
    return credentials;
}

#endif
