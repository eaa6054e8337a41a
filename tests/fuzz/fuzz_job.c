/* Any bytes as a job file: loaded, checked and compiled into rules, or refused with a message. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "job/job_load.h"
#include "provider/provider.h"
#include "provider/provider_table.h"
#include "rules/rule_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_error(const struct error *error)
{
    assert(error->scope == ERROR_USAGE);
    assert(error->text[0]);
}

static void add_column(struct slice *columns, size_t *count, const char *name)
{
    struct slice column = slice_from(name);
    for (size_t i = 0; i < *count; i++)
        if (slice_equal(columns[i], column))
            return;
    columns[(*count)++] = column;
}

/* The input has every column of the job. */
static void build_rules(const struct job *job, const struct provider *provider)
{
    struct error error = {0};
    size_t count = 0, mapped = job->input.where_count;

    for (size_t i = 0; i < job->mapping_count; i++)
        mapped += job->mappings[i].column_count;
    struct slice *columns = memory_new(mapped + 1, sizeof *columns);
    for (size_t i = 0; i < job->mapping_count; i++)
        for (size_t j = 0; j < job->mappings[i].column_count; j++)
            add_column(columns, &count, job->mappings[i].columns[j].name);
    for (size_t i = 0; i < job->input.where_count; i++)
        add_column(columns, &count, job->input.where[i].column.name);
    struct rule_set *set = rule_set_new(job, provider->fields, columns, count, 20454, &error);
    if (!set)
        check_error(&error);
    rule_set_free(set);
    free(columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct job_overrides overrides = {0};
    struct error error = {0};
    char path[64];

    log_setup("fuzz", LOG_ERROR, false);
    int fd = memfd_create("job", MFD_CLOEXEC);
    assert(fd >= 0);
    if (len && write(fd, data, len) != (ssize_t)len)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct job *job = job_load(path, &overrides, &error);
    const struct provider *provider = job ? provider_of_job(job, false, &error) : NULL;
    if (provider)
        build_rules(job, provider);
    else
        check_error(&error);
    job_free(job);
    close(fd);
    return 0;
}
