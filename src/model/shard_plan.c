#include "model/shard_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/ascii.h"
#include "core/clock.h"
#include "core/memory.h"

/* Grows when the same values are compared, counted or chosen by other rules than in the version before. */
enum { SHARD_PLAN_RULES = 1, SHARD_PLAN_TEXT_MAX = 1 << 30 };

static int shard_plan_fail_pipe(const char *path, struct error *error)
{
    return error_set(error, ERROR_USAGE,
                     "%s is not a file, and --shard divides files\nhint: write the export to files first",
                     strcmp(path, "-") == 0 ? "standard input" : path);
}

static int shard_plan_stat(struct shard_plan_input *input, const char *path, struct error *error)
{
    struct stat about;

    if (strcmp(path, "-") == 0)
        return shard_plan_fail_pipe(path, error);
    if (stat(path, &about) != 0)
        return error_set(error, ERROR_INPUT, "%s: %s\nhint: input.path is relative to the job file's folder",
                         path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        return shard_plan_fail_pipe(path, error);
    input->size = (uint64_t)about.st_size;
    input->mtime_ns = (uint64_t)about.st_mtim.tv_sec * CLOCK_NS_PER_S + (uint64_t)about.st_mtim.tv_nsec;
    return 0;
}

struct shard_plan_order {
    const char *path;
    uint64_t size;
    size_t index;
};

static int shard_plan_compare(const void *a, const void *b)
{
    const struct shard_plan_order *first = a, *second = b;

    if (first->size != second->size)
        return first->size > second->size ? -1 : 1;
    int order = strcmp(first->path, second->path);
    return order ? order : first->index < second->index ? -1 : 1;
}

/* The largest input first, each to the shard with the fewest bytes; of equal ones to the first. */
static void shard_plan_deal(struct shard_plan *plan, const struct job_input *input)
{
    struct shard_plan_order *order = memory_new(plan->input_count, sizeof *order);
    uint64_t *bytes = memory_new(plan->of, sizeof *bytes);

    for (size_t i = 0; i < plan->input_count; i++)
        order[i] = (struct shard_plan_order){input->paths[i], plan->inputs[i].size, i};
    qsort(order, plan->input_count, sizeof *order, shard_plan_compare);
    for (size_t i = 0; i < plan->input_count; i++) {
        uint32_t least = 0;
        for (uint32_t shard = 1; shard < plan->of; shard++)
            if (bytes[shard] < bytes[least])
                least = shard;
        plan->inputs[order[i].index].shard = least;
        bytes[least] += order[i].size + 1; /* empty files are dealt in turn, too */
    }
    free(order);
    free(bytes);
}

static void shard_plan_digest(struct shard_plan *plan, const struct job_input *input)
{
    char hex[2 * DIGEST_SHA256_LEN + 1];
    struct buffer text;

    buffer_init(&text, SHARD_PLAN_TEXT_MAX);
    buffer_printf(&text, "%s %d %" PRIu32 " %s %zu\n", KYC_VERSION, (int)SHARD_PLAN_RULES, plan->of,
                  digest_hex(plan->job_digest, sizeof plan->job_digest, hex), plan->input_count);
    for (size_t i = 0; i < plan->input_count; i++) {
        buffer_append(&text, slice_make(input->paths[i], strlen(input->paths[i]) + 1));
        buffer_printf(&text, "%" PRIu64 " %" PRIu64 "\n", plan->inputs[i].size, plan->inputs[i].mtime_ns);
    }
    digest_sha256(buffer_slice(&text), slice_make(NULL, 0), plan->digest);
    buffer_clear(&text);
}

int shard_plan_make(struct shard_plan *plan, const struct job *job, struct slice overrides, uint32_t of,
                    struct error *error)
{
    const struct job_input *input = &job->input;

    *plan = (struct shard_plan){.of = of, .input_count = input->path_count};
    if (input->path_count >= SHARD_PLAN_INPUTS_MAX)
        return error_set(error, ERROR_USAGE, "%zu inputs are more than --shard can divide (%d)",
                         input->path_count, SHARD_PLAN_INPUTS_MAX - 1);
    plan->inputs = memory_new(input->path_count, sizeof *plan->inputs);
    for (size_t i = 0; i < input->path_count; i++)
        if (shard_plan_stat(&plan->inputs[i], input->paths[i], error) != 0) {
            shard_plan_clear(plan);
            return -1;
        }
    shard_plan_deal(plan, input);
    digest_sha256(job->text, overrides, plan->job_digest);
    shard_plan_digest(plan, input);
    return 0;
}

void shard_plan_clear(struct shard_plan *plan)
{
    free(plan->inputs);
    *plan = (struct shard_plan){0};
}

/* Digits alone; *text: behind them. */
static bool shard_plan_read_number(const char **text, uint32_t *number)
{
    size_t len = 0;

    *number = 0;
    for (; ascii_is_digit(**text) && len < 6; ++*text, len++)
        *number = *number * 10 + (uint32_t)(**text - '0');
    return len > 0;
}

int shard_plan_read(const char *text, uint32_t *shard, uint32_t *of, struct error *error)
{
    const char *rest = text;

    if (!shard_plan_read_number(&rest, shard) || *rest++ != '/' || !shard_plan_read_number(&rest, of) ||
        *rest || *shard >= *of || *of > SHARD_PLAN_MAX)
        return error_set(
            error, ERROR_USAGE,
            "--shard cannot be `%s`\nhint: --shard I/N is shard I of N, counted from 0, as in 0/4 to 3/4; N is at most %d",
            text, SHARD_PLAN_MAX);
    return 0;
}
