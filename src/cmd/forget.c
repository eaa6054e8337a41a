/* forget: erases customers from the ledger and the report files, and prints a receipt. */
#include <stdlib.h>

#include "cmd/command.h"
#include "cmd/forget_receipt.h"
#include "cmd/load_job.h"
#include "cmd/output.h"
#include "cmd/resolve_file.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "core/memory.h"
#include "job/job_load.h"
#include "pipeline/erase_reports.h"
#include "pipeline/job_ledger.h"
#include "pipeline/ledger_continuity.h"

enum { ID_MAX = 128, WORDS_EACH = 3 };

struct forgetting {
    struct ledger *ledger;
    struct ledger_erasure *items;
    size_t count, capacity;
    struct forget_receipt receipt;
    struct arena arena;
};

static bool is_id(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (id.data[i] < ' ' || id.data[i] > '~')
            return false;
    return id.len > 0 && id.len <= ID_MAX;
}

static int add_key(void *context, struct slice key, struct slice same, const char *where, struct error *error)
{
    struct forgetting *forgetting = context;

    (void)same;
    if (!is_id(key))
        return error_set(
            error, ERROR_USAGE,
            "%s: not an external_id: nothing was erased\nhint: it has 1 to %d bytes of printable ASCII",
            where, ID_MAX);
    for (size_t i = 0; i < forgetting->count; i++)
        if (slice_equal(forgetting->items[i].key, key))
            return 0;
    if (forgetting->count == forgetting->capacity) {
        forgetting->capacity = forgetting->capacity ? 2 * forgetting->capacity : 64;
        forgetting->items = memory_resize(forgetting->items, forgetting->capacity, sizeof *forgetting->items);
    }
    forgetting->items[forgetting->count++] =
        (struct ledger_erasure){.key = arena_copy(&forgetting->arena, key)};
    return 0;
}

/* In a transaction. 0, or -1. */
static int write_end(struct forgetting *forgetting, int status, struct error *error)
{
    const struct slice none = slice_make(NULL, 0);

    if (ledger_run_finish(forgetting->ledger, status, none, none, clock_real_ns(), error) != 0)
        return -1;
    return ledger_commit(forgetting->ledger, error);
}

/* In one transaction: all customers of the request that can be erased. */
static int erase(struct forgetting *forgetting, struct error *error)
{
    struct ledger *ledger = forgetting->ledger;
    char key[LEDGER_ERASED_KEY_SIZE];
    uint64_t now_ns = clock_real_ns();

    forgetting->receipt.at_ns = now_ns;
    if (ledger_begin(ledger, error) != 0 ||
        ledger_run_start(ledger, "forget", KYC_VERSION, "", now_ns, error) != 0 ||
        ledger_erase(ledger, forgetting->items, forgetting->count, now_ns, error) != 0)
        return -1;
    for (size_t i = 0; i < forgetting->count; i++) {
        const struct ledger_erasure *item = &forgetting->items[i];
        if (item->result == LEDGER_ERASURE_UNKNOWN &&
            ledger_erase_key(ledger, slice_from(ledger_erased_key(ledger, item->key, key)), now_ns, error) !=
                0)
            return -1;
    }
    if (write_end(forgetting, forget_receipt_status(&forgetting->receipt), error) != 0)
        return -1;
    failpoint("customers erased");
    return 0;
}

static void note_file(void *context, const char *path, bool is_removed)
{
    forget_receipt_add_file(context, path, is_removed);
}

static void note_backup(void *context, const struct ledger_backup *backup)
{
    forget_receipt_add_backup(context, backup);
}

/* Of every customer that is erased now, was before, or was never in the ledger. Of one that was erased before
 * only the key is known. */
static int erase_files(struct forgetting *forgetting, const struct job *job, struct error *error)
{
    struct slice *words = memory_new(WORDS_EACH * forgetting->count + 1, sizeof *words);
    struct erase_reports_settings settings = {
        .job = job, .words = words, .each = note_file, .context = &forgetting->receipt};

    for (size_t i = 0; i < forgetting->count; i++) {
        const struct ledger_erasure *item = &forgetting->items[i];
        if (item->result == LEDGER_ERASURE_OPEN || item->result == LEDGER_ERASURE_NAMED)
            continue;
        words[settings.count++] = item->key;
        words[settings.count++] = item->former_key;
        words[settings.count++] = item->user_id;
    }
    int result = settings.count > 0 ? erase_reports(&settings, error) : 0;
    free(words);
    return result;
}

/* What follows once the rows are erased. 0, or -1. */
static int complete(struct forgetting *forgetting, const struct job *job, const struct provider *provider,
                    struct error *error)
{
    struct ledger *ledger = forgetting->ledger;

    if (ledger_continuity_record(job, provider, ledger, error) != 0 || ledger_compact(ledger, error) != 0)
        return -1;
    ledger_chain_head(ledger, forgetting->receipt.head);
    return ledger_each_backup(ledger, note_backup, &forgetting->receipt, error);
}

/* The report files come first: what is to be looked for in them is in the ledger until it is erased there. A
 * command that is killed before the rows are written leaves nothing but fewer report files; one that is
 * killed later is repeated with the same keys, and writes the ledger's file anew then. */
static int forget(struct forgetting *forgetting, const struct job *job, const struct provider *provider,
                  struct error *error)
{
    struct ledger *ledger = forgetting->ledger;
    struct error ignored; /* the failure before is the one that counts */

    if (ledger_find_erasures(ledger, forgetting->items, forgetting->count, &forgetting->arena, error) != 0 ||
        erase_files(forgetting, job, error) != 0 || erase(forgetting, error) != 0)
        return -1;
    if (complete(forgetting, job, provider, error) == 0)
        return 0;
    if (ledger_begin(ledger, &ignored) == 0)
        (void)write_end(forgetting, (int)error->scope, &ignored);
    return -1;
}

static int print(const struct forgetting *forgetting, const struct options *options, const struct job *job,
                 const struct provider *provider)
{
    int status = forget_receipt_status(&forgetting->receipt);
    struct buffer out;

    buffer_init(&out, 1 << 26);
    if (options->json)
        forget_receipt_write_json(&forgetting->receipt, job, provider, &out);
    else if (!options->quiet || status != 0)
        forget_receipt_write_text(&forgetting->receipt, job, provider, &out);
    status = output_result(buffer_slice(&out), status);
    buffer_clear(&out);
    return status;
}

static int read_keys(struct forgetting *forgetting, const struct options *options, struct error *error)
{
    if (options->key)
        return add_key(forgetting, slice_from(options->key), slice_make("", 0), "--key", error);
    if (resolve_file_read(options->from, "external_id", "external_id", add_key, forgetting, error) != 0)
        return -1;
    return forgetting->count > 0
               ? 0
               : error_set(error, ERROR_USAGE, "%s: it has no record: nothing was erased", options->from);
}

static int forget_job(const struct options *options, const struct job *job, const struct provider *provider,
                      struct error *error)
{
    struct forgetting forgetting = {.count = 0};
    int status = -1;

    arena_init(&forgetting.arena, 4096);
    if (read_keys(&forgetting, options, error) == 0)
        forgetting.ledger = job_ledger_open(job, provider, JOB_LEDGER_EXCLUSIVE, NULL, error);
    forgetting.receipt.items = forgetting.items;
    forgetting.receipt.count = forgetting.count;
    forgetting.receipt.ledger = forgetting.ledger;
    if (forgetting.ledger && ledger_continuity_check(job, provider, forgetting.ledger, error) == 0 &&
        forget(&forgetting, job, provider, error) == 0)
        status = print(&forgetting, options, job, provider);
    ledger_close(forgetting.ledger);
    forget_receipt_clear(&forgetting.receipt);
    free(forgetting.items);
    arena_clear(&forgetting.arena);
    return status;
}

int command_forget(const struct options *options)
{
    const struct provider *provider;
    struct error error;

    if (!options->key == !options->from) {
        log_error("%s\nhint: kyc-import forget JOB --key ID, or --from FILE",
                  options->key ? "--key ID and --from FILE cannot be combined"
                               : "no customer and no file given");
        return ERROR_USAGE;
    }
    struct job *job = load_job(options, LOAD_JOB_READ, &provider, &error);
    int status = job ? forget_job(options, job, provider, &error) : -1;
    if (status < 0)
        status = output_error(&error);
    job_free(job);
    return status;
}
