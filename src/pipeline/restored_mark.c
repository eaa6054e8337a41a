#include "pipeline/restored_mark.h"

#include "core/arena.h"
#include "core/text.h"
#include "dispatch/adopt.h"

enum { TEXT_SIZE = 512 };

void restored_mark_advice(const struct job *job, const struct provider *provider, char *out, size_t size)
{
    bool repeats = provider->recovery == PROVIDER_RECOVERY_REPEAT;

    text_format(
        out, size, "%s%s%s%s%s",
        adopt_is_possible(provider) ? "complete it from the provider's users: kyc-import adopt " : "",
        adopt_is_possible(provider) ? job->path : "", adopt_is_possible(provider) ? "; or, " : "",
        repeats
            ? "because the provider makes no second user of a create that it knows, "
            : "only if no customer was created since (compare with the provider; users made since: kyc-import resolve --new-ledger --from FILE), ",
        "continue once with run --new-ledger");
}

int restored_mark_check(const struct job *job, const struct provider *provider, struct ledger *ledger,
                        struct error *error)
{
    char advice[TEXT_SIZE];
    struct arena arena;
    struct slice time, location;

    arena_init(&arena, TEXT_SIZE);
    restored_mark_advice(job, provider, advice, sizeof advice);
    int result = ledger_moved_to(ledger, &arena, &time, &location, error);
    if (result == 1)
        error_set(
            error, ERROR_LEDGER,
            "%s: it was copied to %.*s on %.*s, where the job continues\nhint: set `ledger` in the job to that place",
            job->ledger_path, (int)location.len, location.data, (int)time.len, time.data);
    if (result == 0)
        result = ledger_restored(ledger, &arena, &time, error);
    if (result == 1 && location.len == 0)
        error_set(
            error, ERROR_LEDGER,
            "%s: it was restored from a backup of %.*s, and nobody has decided yet what became of customers that were created since: each of them would be created again\nhint: %s",
            job->ledger_path, (int)time.len, time.data, advice);
    if (result == 0 && (result = ledger_copied(ledger, &arena, &time, error)) == 1)
        error_set(
            error, ERROR_LEDGER,
            "%s: it is a backup of %.*s that was put here by hand, and customers that were created since would be created again\nhint: kyc-import restore %s FILE, with the backup that it is a copy of, finds out whether it is the newest; or %s",
            job->ledger_path, (int)time.len, time.data, job->path, advice);
    arena_clear(&arena);
    return result == 0 ? 0 : -1;
}
