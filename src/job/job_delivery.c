#include "core/clock.h"
#include "job/job_parts.h"
#include "job/job_scalar.h"

#define MINUTE_NS (60 * CLOCK_NS_PER_S)
#define HOUR_NS   (60 * MINUTE_NS)

#define OFFSET(member) .offset = offsetof(struct job_delivery, member)

static const struct job_key stop_keys[] = {
    {"refused_in_a_row", job_scalar_uint32, OFFSET(refused_in_a_row), .min = 1, .max = 1000000},
    {"refused_share", job_scalar_percent, OFFSET(refused_share), .max = 100},
    {"updated_share", job_scalar_percent, OFFSET(updated_share), .max = 100},
    {"twins", job_scalar_percent, OFFSET(twins_share), .max = 100},
    {0},
};

static int read_stop(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                     void *target)
{
    return job_keys_read(reader, value, stop_keys, key->name, target);
}

/* The first of the row's two words means true. */
static int read_either(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    int which = 0;
    struct job_key row = *key;
    row.offset = 0;
    if (job_scalar_word(reader, value, &row, &which) != 0)
        return -1;
    *(bool *)((char *)target + key->offset) = which == 0;
    return 0;
}

static const char *const change_words[] = {"update", "ignore", NULL};
static const char *const doubt_words[] = {"settle", "hold", NULL};
static const char *const twin_words[] = {"refuse", "create", NULL};

static const struct job_key delivery_keys[] = {
    {"rate", job_scalar_rate, OFFSET(rate), .min = 1, .max = 1000000},
    {"burst", job_scalar_uint32, OFFSET(burst), .min = 1, .max = 1000000},
    {"in_flight", job_scalar_uint32, OFFSET(in_flight), .min = 1, .max = 10000},
    {"attempts", job_scalar_uint32, OFFSET(attempts), .min = 1, .max = 1000},
    {"timeout", job_scalar_duration, OFFSET(timeout_ns), .min = CLOCK_NS_PER_MS, .max = HOUR_NS},
    {"retry_for", job_scalar_duration, OFFSET(retry_for_ns), .min = CLOCK_NS_PER_MS, .max = 168 * HOUR_NS},
    {"canary", job_scalar_uint32, OFFSET(canary), .max = 1000000},
    {"stop_after", .read = read_stop},
    {"on_change", read_either, OFFSET(update), .words = change_words},
    {"in_doubt", read_either, OFFSET(settle), .words = doubt_words},
    {"twins", read_either, OFFSET(refuse_twins), .words = twin_words},
    {0},
};

void job_delivery_defaults(struct job *job)
{
    job->delivery = (struct job_delivery){.burst = 5,
                                          .attempts = 6,
                                          .timeout_ns = 30 * CLOCK_NS_PER_S,
                                          .retry_for_ns = 10 * MINUTE_NS,
                                          .canary = 10,
                                          .refused_in_a_row = 25,
                                          .refused_share = 20,
                                          .updated_share = 10,
                                          .twins_share = 20,
                                          .refuse_twins = true,
                                          .update = true,
                                          .settle = true};
}

int job_delivery_read(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    struct job *job = target;
    return job_keys_read(reader, value, delivery_keys, key->name, &job->delivery);
}
