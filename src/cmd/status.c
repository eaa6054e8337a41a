#include <inttypes.h>
#include <stdlib.h>

#include "cmd/command.h"
#include "cmd/output.h"
#include "cmd/status_audit.h"
#include "cmd/status_verify.h"
#include "core/characters.h"
#include "core/json.h"
#include "job/job_load.h"
#include "ledger/ledger.h"
#include "pipeline/job_ledger.h"
#include "provider/provider.h"

enum {
    HTTP_CONFLICT = 409,
    DOUBTS_SHOWN = 20 /* as text */,
    RESULT_MAX = 1 << 30 /* each doubt of --json has 200 bytes */
};

/* What a listing is written to, as a table or as JSON. */
struct listing {
    struct buffer out;
    struct json_writer json;
    bool is_json;
    bool verify; /* what rows lack is among its findings */
    uint64_t doubts;
};

static void list_group(void *context, const struct ledger_group *group)
{
    struct listing *listing = context;

    if (!listing->is_json) {
        buffer_printf(&listing->out, "%12" PRIu64 "  %-11s %-8s", group->count, group->state,
                      group->operation);
        if (group->http_status)
            buffer_printf(&listing->out, " HTTP %d", group->http_status);
        if (group->code && group->code[0])
            buffer_printf(&listing->out, " %s", group->code);
        buffer_append_char(&listing->out, '\n');
        return;
    }
    json_write_object(&listing->json);
    json_write_key(&listing->json, "state");
    json_write_text(&listing->json, group->state);
    json_write_key(&listing->json, "operation");
    json_write_text(&listing->json, group->operation);
    json_write_key(&listing->json, "http_status");
    json_write_signed(&listing->json, group->http_status);
    json_write_key(&listing->json, "code");
    json_write_text(&listing->json, group->code ? group->code : "");
    json_write_key(&listing->json, "count");
    json_write_unsigned(&listing->json, group->count);
    json_write_object_end(&listing->json);
}

#define RESOLVE   "kyc-import resolve JOB --key ID --user USER_ID"
#define OR_ABSENT ", or --absent when there is no such user"

/* What to do with a customer in doubt (3-providers.md, Doubts). */
static const char *advice(const struct ledger_customer *customer)
{
    static const char *const unclear[][2] = {
        {"several_users",
         "several users at the provider agree with this customer: find out which one it is, then " RESOLVE
             OR_ABSENT},
        {"email_alone",
         "a user at the provider has this customer's e-mail and other data: look whether it is this customer, then " RESOLVE
             OR_ABSENT},
        {"user_differs",
         "a user at the provider has this customer's external_id and other data: look at both, then " RESOLVE
             OR_ABSENT},
        {"user_not_fetched",
         "the provider lists a user with this e-mail and does not give it (HTTP 404): run again, or look it up at the provider, then " RESOLVE
             OR_ABSENT},
        {"user_incomplete",
         "a user at the provider agrees in what is given of it, and not everything is given: look whether it is this customer, then " RESOLVE
             OR_ABSENT},
        {"user_unnamed",
         "a user at the provider has this customer's e-mail and no external_id: look whether it is this customer, then " RESOLVE
             OR_ABSENT},
        {"other_customer",
         "the answer named another customer: run again with this customer's row in the input; when it comes back, the provider or a gateway mixes answers up: ask the provider, then " RESOLVE},
        {"exists_not_found",
         "the provider answers that this customer exists, and its look-up does not find it: ask the provider, then " RESOLVE
             OR_ABSENT},
        {"listing_incomplete",
         "the provider's listing is not whole (it lacks users that the ledger knows of, or says that there are more), so that it cannot show that there is no such user: run again, or look it up at the provider, then " RESOLVE
             OR_ABSENT},
    };

    if (slice_is(customer->code, "user_id_taken"))
        return "the provider gave the user of another customer: compare both at the provider, then " RESOLVE;
    if (customer->http_status == HTTP_CONFLICT)
        return "the provider has a user like this customer already: look it up there, then " RESOLVE
            OR_ABSENT;
    for (size_t i = 0; i < sizeof unclear / sizeof *unclear; i++)
        if (slice_is(customer->code, unclear[i][0]))
            return unclear[i][1];
    return "run again with this customer's row in the input: the run repeats the request, or asks the provider";
}

static void list_doubt(void *context, const struct ledger_customer *customer)
{
    struct listing *listing = context;
    struct slice key = customer->external_id, code = customer->code;

    listing->doubts++;
    if (!listing->is_json) {
        if (listing->doubts > DOUBTS_SHOWN)
            return;
        if (listing->doubts == 1)
            buffer_append_text(&listing->out, "\nIn doubt (the request may have been carried out):\n");
        buffer_printf(&listing->out, "  %.*s", (int)key.len, key.data);
        if (customer->http_status)
            buffer_printf(&listing->out, "  HTTP %d", customer->http_status);
        if (code.len)
            buffer_printf(&listing->out, "  %.*s", (int)code.len, code.data);
        if (customer->http_status == HTTP_CONFLICT && customer->message.len) /* perhaps whose it is */
            buffer_printf(&listing->out, "\n      %.*s", (int)customer->message.len, customer->message.data);
        buffer_printf(&listing->out, "\n      %s\n", advice(customer));
        return;
    }
    json_write_object(&listing->json);
    json_write_key(&listing->json, "external_id");
    json_write_string(&listing->json, key);
    json_write_key(&listing->json, "http_status");
    json_write_signed(&listing->json, customer->http_status);
    json_write_key(&listing->json, "code");
    json_write_string(&listing->json, code);
    json_write_key(&listing->json, "message");
    json_write_string(&listing->json, customer->message);
    json_write_key(&listing->json, "what_to_do");
    json_write_text(&listing->json, advice(customer));
    json_write_object_end(&listing->json);
}

static void list_run(struct listing *listing, const struct ledger_run *run)
{
    if (!listing->is_json) {
        buffer_printf(&listing->out, "%" PRIu64 " runs; the last began %.*s", run->runs,
                      (int)run->started.len, run->started.data);
        if (run->finished.len)
            buffer_printf(&listing->out, " and ended %.*s with status %d\n", (int)run->finished.len,
                          run->finished.data, run->status);
        else
            buffer_append_text(&listing->out,
                               " and has not ended by itself: it is under way, or it was killed\n");
        return;
    }
    json_write_key(&listing->json, "last_run");
    json_write_object(&listing->json);
    json_write_key(&listing->json, "started");
    json_write_string(&listing->json, run->started);
    if (run->finished.len) {
        json_write_key(&listing->json, "finished");
        json_write_string(&listing->json, run->finished);
        json_write_key(&listing->json, "status");
        json_write_signed(&listing->json, run->status);
    }
    json_write_object_end(&listing->json);
}

/* Groups, doubts, last run and head. 0, or -1. The object of the JSON stays open. */
static int list_ledger(struct listing *listing, struct ledger *ledger, const struct job *job,
                       struct error *error)
{
    struct arena arena;
    struct ledger_run run;
    char head[LEDGER_HEAD_SIZE];
    int found = -1;

    arena_init(&arena, 4096);
    ledger_chain_head(ledger, head);
    json_write_begin(&listing->json, &listing->out);
    if (listing->is_json) {
        json_write_object(&listing->json);
        json_write_key(&listing->json, "ledger");
        json_write_text(&listing->json, job->ledger_path);
        json_write_key(&listing->json, "chain_head");
        json_write_text(&listing->json, head);
        json_write_key(&listing->json, "groups");
        json_write_array(&listing->json);
    } else {
        character_append_plain(&listing->out, slice_from(job->ledger_path));
        buffer_append_text(&listing->out, "\n\n   customers  state       last\n");
    }
    /* What cannot be listed is among the findings of --verify. */
    int result = ledger_check_complete(ledger, error);
    bool is_skipped = result != 0 && listing->verify;
    if (is_skipped && !listing->is_json)
        buffer_append_text(&listing->out, "  not listed: a row lacks what it must have\n");
    if (result == 0)
        result = ledger_each_group(ledger, list_group, listing, error);
    if (listing->is_json) {
        json_write_array_end(&listing->json);
        json_write_key(&listing->json, "in_doubt");
        json_write_array(&listing->json);
    }
    if (result == 0)
        result = ledger_each_doubt(ledger, UINT64_MAX >> 1, list_doubt, listing, error);
    if (!listing->is_json && listing->doubts > DOUBTS_SHOWN)
        buffer_printf(&listing->out, "  … and %" PRIu64 " more (--json lists them)\n",
                      listing->doubts - DOUBTS_SHOWN);
    if (listing->is_json)
        json_write_array_end(&listing->json);
    else
        buffer_append_char(&listing->out, '\n');
    if (result == 0)
        found = ledger_last_run(ledger, &arena, &run, error);
    if (found == 1)
        list_run(listing, &run);
    if (!listing->is_json)
        buffer_printf(&listing->out, "chain head %s\n", head);
    arena_clear(&arena);
    return found < 0 && !is_skipped ? -1 : 0;
}

static int show_ledger(const struct options *options, struct job *job, const struct provider *provider,
                       struct error *error)
{
    struct listing listing = {.is_json = options->json, .verify = options->verify};
    struct ledger *ledger = job_ledger_open(
        job, provider, options->against_provider ? JOB_LEDGER_EXCLUSIVE : JOB_LEDGER_READ, error);
    int status;

    if (!ledger)
        return -1;
    buffer_init(&listing.out, RESULT_MAX);
    status = list_ledger(&listing, ledger, job, error);
    if (status == 0 && listing.doubts)
        status = 1;
    if (status >= 0 && options->verify) {
        int verified = status_verify_list(ledger, job, provider, &listing.out,
                                          listing.is_json ? &listing.json : NULL, error);
        status = verified < 0 ? -1 : error_worse_status(status, verified);
    }
    if (status >= 0 && options->against_provider)
        status = error_worse_status(status, status_audit_list(ledger, job, provider, &listing.out,
                                                              listing.is_json ? &listing.json : NULL));
    if (listing.is_json) {
        json_write_object_end(&listing.json);
        buffer_append_char(&listing.out, '\n');
    }
    bool is_silent = options->quiet && !options->json && status == 0;
    if (status >= 0 && !is_silent)
        status = output_result(buffer_slice(&listing.out), status);
    buffer_clear(&listing.out);
    ledger_close(ledger);
    return status;
}

int command_status(const struct options *options)
{
    const struct job_overrides overrides = {
        .sets = options->sets, .set_count = options->set_count, .secrets = options->against_provider};
    struct error error = {0};
    struct job *job = job_load(options->argument, &overrides, &error);
    const struct provider *provider = job ? provider_of_job(job, options->against_provider, &error) : NULL;
    int status = provider ? show_ledger(options, job, provider, &error) : -1;

    if (status < 0)
        status = output_error(&error);
    job_free(job);
    return status;
}
