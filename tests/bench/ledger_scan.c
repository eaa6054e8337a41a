/* ledger-scan JOB LEDGER: how long a run takes to read every customer of a ledger (a path, or the URL of a
 * database) before its first record. Prints `customers N per_second N`.
 */
#include <inttypes.h>
#include <stdio.h>

#include "bench/bench_place.h"
#include "core/clock.h"
#include "job/job_load.h"
#include "pipeline/customer_index.h"
#include "provider/provider_table.h"

int main(int argc, char **argv)
{
    struct error error = {0};
    if (argc != 3)
        return 2;
    const struct job_overrides overrides = {.set_count = 0};
    struct job *job = job_load(argv[1], &overrides, &error);
    const struct provider *provider = job ? provider_find(job->provider.name) : NULL;
    if (!provider)
        return fprintf(stderr, "ledger-scan: %s\n", error.text), 1;
    const struct ledger_identity identity = {
        .job = job->name, .provider = provider->name, .base_url = provider_base_url(provider, job)};
    const struct ledger_place place = bench_place(job, argv[2]);
    struct ledger *ledger = ledger_open(&place, LEDGER_WRITE, &identity, &error);
    struct customer_index *index = customer_index_new(1);
    uint64_t start = clock_mono_ns();
    if (!ledger || customer_index_load(index, ledger, &error) != 0)
        return fprintf(stderr, "ledger-scan: %s\n", error.text), 1;
    double seconds = (double)(clock_mono_ns() - start) / CLOCK_NS_PER_S;
    uint64_t count = ledger_customer_count(ledger);
    printf("customers %" PRIu64 " per_second %.0f\n", count, (double)count / seconds);
    customer_index_free(index);
    ledger_close(ledger);
    return 0; /* the rest ends with it */
}
