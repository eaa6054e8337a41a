#include "cmd/run_audit.h"

#include "pipeline/signals.h"

int run_audit(struct audit_parts *parts, struct audit_counts *stats, struct error *error)
{
    struct signals signals;
    int result = -1;

    *stats = (struct audit_counts){.asked = 0};
    parts->queue = coordinator_queue_new(1);
    if (signals_start(&signals, parts->queue, error) == 0)
        result = audit_run(parts, stats, error);
    signals_stop(&signals);
    coordinator_queue_free(parts->queue);
    return result;
}
