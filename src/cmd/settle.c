/* settle: what only a person can say: whose user it is, or that there is none; and users that existed before.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/command.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/step.h"
#include "input/reader.h"
#include "input/source.h"
#include "job/job_load.h"
#include "ledger/ledger.h"
#include "pipeline/history.h"
#include "provider/provider.h"

enum { ID_MAX = 128, BLOCK_SIZE = 64 * 1024, RECORD_MAX = 64 * 1024 };

struct settling {
    struct ledger *ledger;
    const struct provider *provider;
    uint64_t settled, adopted, accepted, not_written;
};

static bool is_id(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (id.at[i] < ' ' || id.at[i] > '~')
            return false;
    return id.len > 0 && id.len <= ID_MAX;
}

/* One verdict. where: for messages, `FILE:LINE` or the key. 0, or -1 with ERROR_LEDGER. */
static int settle_one(struct settling *settling, struct slice key, struct slice user, const char *where,
                      struct error *error)
{
    enum ledger_settlement settlement;

    if (user.len > 0 && !provider_takes_user_id(settling->provider, user)) {
        log_warning("%s: a user id of %s has %u to %u characters: nothing was written", where,
                    settling->provider->name, settling->provider->user_id_min,
                    settling->provider->user_id_max);
        settling->not_written++;
        return 0;
    }
    if (ledger_settle(settling->ledger, key, user, clock_real_ns(), &settlement, error) != 0)
        return -1;
    step_reached("verdict written");
    switch (settlement) {
    case LEDGER_SETTLED:
        settling->settled++;
        return 0;
    case LEDGER_SETTLE_ADOPTED:
        settling->adopted++;
        return 0;
    case LEDGER_SETTLE_ACCEPTED:
        settling->accepted++;
        return 0;
    case LEDGER_SETTLE_TAKEN:
        log_warning("%s: another customer of this ledger has this user already: nothing was written", where);
        break;
    case LEDGER_SETTLE_OTHER_USER:
        log_warning("%s: this customer has another user already: nothing was written", where);
        break;
    case LEDGER_SETTLE_NO_DOUBT:
        log_warning("%s: no create of this customer is in doubt: nothing was written", where);
        break;
    }
    settling->not_written++;
    return 0;
}

/* The bytes of --from, as the reader wants them. */
struct feed {
    struct source *source;
    char *block;
    struct error *error;
};

static int next_block(void *context, struct slice *block)
{
    struct feed *feed = context;
    ptrdiff_t len = source_read(feed->source, feed->block, BLOCK_SIZE, feed->error);

    *block = slice_make(feed->block, len > 0 ? (size_t)len : 0);
    return len > 0 ? 1 : (int)len;
}

/* The place of a column, or -1 with ERROR_USAGE. */
static ptrdiff_t find_column(const struct reader_header *header, const char *name, const char *path,
                             struct error *error)
{
    for (size_t i = 0; i < header->column_count; i++)
        if (slice_is(header->columns[i], name))
            return (ptrdiff_t)i;
    return error_set(error, ERROR_USAGE, "%s: has no column `%s`; it needs external_id and user_id", path,
                     name);
}

static int settle_record(struct settling *settling, const struct record *record, const char *path,
                         ptrdiff_t key_at, ptrdiff_t user_at, struct error *error)
{
    char where[PATH_MAX + 32];

    snprintf(where, sizeof where, "%s:%" PRIu64, path, record->line);
    if (record->fault || !is_id(record->cells[key_at]) || !provider_is_user_id(record->cells[user_at])) {
        log_warning("%s: is not an external_id and a user_id: nothing was written", where);
        settling->not_written++;
        return 0;
    }
    return settle_one(settling, record->cells[key_at], record->cells[user_at], where, error);
}

static int settle_records(struct settling *settling, struct reader *reader, const char *path,
                          struct error *error)
{
    struct reader_header header;
    struct batch *batch = batch_new();
    enum reader_result more = READER_MORE;
    int result = reader_header(reader, path, &header, error);
    ptrdiff_t key_at = result == 0 ? find_column(&header, "external_id", path, error) : -1;
    ptrdiff_t user_at = key_at >= 0 ? find_column(&header, "user_id", path, error) : -1;

    if (user_at < 0)
        result = -1;
    while (result == 0 && more == READER_MORE) {
        batch_reset(batch);
        more = reader_fill(reader, batch);
        for (size_t i = 0; i < batch->count && result == 0; i++)
            result = settle_record(settling, &batch->records[i], path, key_at, user_at, error);
    }
    batch_free(batch);
    return more == READER_CUT ? -1 : result; /* the feed's error is filled in */
}

static int settle_file(struct settling *settling, const char *path, struct error *error)
{
    const struct job_input input = {
        .format = JOB_FORMAT_CSV, .delimiter = ',', .quote = '"', .max_record = RECORD_MAX};
    struct feed feed = {.source = source_open_file(path, error), .error = error};
    int result = -1;

    if (!feed.source)
        return -1;
    feed.block = memory_new(BLOCK_SIZE, 1);
    struct reader *reader = reader_new(&input, 0, (struct reader_feed){next_block, &feed});
    result = settle_records(settling, reader, path, error);
    reader_free(reader);
    free(feed.block);
    source_close(feed.source);
    return result;
}

static int settle_all(struct settling *settling, const struct options *options, struct error *error)
{
    struct slice user = slice_from(options->user);
    const uint64_t at = clock_real_ns();

    if (ledger_begin(settling->ledger, error) != 0 ||
        ledger_run_start(settling->ledger, "settle", KYC_VERSION, "", at, error) != 0)
        return -1;
    if (options->from ? settle_file(settling, options->from, error) != 0
                      : settle_one(settling, slice_from(options->key), user, options->key, error) != 0)
        return -1;
    int status = settling->not_written ? 1 : 0;
    if (ledger_run_finish(settling->ledger, status, slice_make(NULL, 0), slice_make(NULL, 0), clock_real_ns(),
                          error) != 0 ||
        ledger_commit(settling->ledger, error) != 0)
        return -1;
    return status;
}

static int settle_job(const struct options *options, const struct job *job, const struct provider *provider,
                      struct error *error)
{
    const struct ledger_identity identity = {
        .job = job->name, .provider = provider->name, .base_url = provider_base_url(provider, job)};
    struct settling settling = {.provider = provider};
    struct buffer out;

    settling.ledger = history_open(job, &identity, options->new_ledger, error);
    if (!settling.ledger)
        return -1;
    int status = settle_all(&settling, options, error);
    if (status >= 0 && history_note(job, &identity, settling.ledger, error) != 0)
        status = -1;
    ledger_close(settling.ledger);
    if (status < 0)
        return -1;
    buffer_init(&out, 1024);
    buffer_printf(&out,
                  "%" PRIu64 " settled, %" PRIu64 " adopted, %" PRIu64 " accepted as they are, %" PRIu64
                  " not written\n",
                  settling.settled, settling.adopted, settling.accepted, settling.not_written);
    status = options->quiet ? status : command_print(buffer_slice(&out), status);
    buffer_clear(&out);
    return status;
}

static const char *find_misuse(const struct options *options)
{
    if (options->from)
        return options->key || options->user || options->absent ? "--from FILE stands alone" : NULL;
    if (!options->key)
        return "settle needs --key ID with --user USER_ID or --absent, or --from FILE";
    if (!options->user == !options->absent)
        return "settle needs --user USER_ID or --absent, one of them";
    if (!is_id(slice_from(options->key)))
        return "an external_id is 1 to 128 bytes of printable ASCII";
    if (options->user && !provider_is_user_id(slice_from(options->user)))
        return "a user id is 1 to 128 letters, digits, blanks and -_.:~+=@|";
    return NULL;
}

int command_settle(const struct options *options)
{
    const struct job_overrides overrides = {.sets = options->sets, .set_count = options->set_count};
    const char *misuse = find_misuse(options);
    struct error error = {0};

    if (misuse) {
        log_error("%s (see kyc-import help settle)", misuse);
        return ERROR_USAGE;
    }
    struct job *job = job_load(options->argument, &overrides, &error);
    const struct provider *provider = job ? provider_of_job(job, false, &error) : NULL;
    int status = provider ? settle_job(options, job, provider, &error) : -1;
    if (status < 0) {
        log_error("%s", error.text);
        status = (int)error.scope;
    }
    job_free(job);
    return status;
}
