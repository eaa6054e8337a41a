#include "cmd/adopt_report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/log.h"
#include "core/utf8.h"
#include "dispatch/changes.h"
#include "report/format_number.h"
#include "report/report_file.h"

enum {
    SHOWN_MAX = 20,     /* as text */
    LISTED_MAX = 20000, /* as JSON */
    REPORT_MAX = 1 << 26,
    REPORT_MODE = 0600,
};

static const char *const reasons[ADOPT_REASONS] = {
    [ADOPT_NO_REASON] = "",
    [ADOPT_DIFFERS] = "a user that may be its own differs",
    [ADOPT_SEVERAL_USERS] = "several users are its own",
    [ADOPT_SEVERAL_RECORDS] = "its user agrees with other records, too",
    [ADOPT_OTHER_CUSTOMER] = "the user that agrees is another customer's",
    [ADOPT_INCOMPLETE] = "a user that may be its own shows too little",
    [ADOPT_NOT_FETCHED] = "a user with its e-mail address could not be read",
};

/* A record that a person must look at. */
static bool is_listed(const struct adopt_record *record)
{
    return record->reason && !record->is_in_doubt && record->result != ADOPT_CREATE;
}

static void append_members(const struct adopt_report *report, uint64_t members, struct buffer *out)
{
    const struct provider_fields *fields = report->provider->fields;
    const char *separator = "";

    for (size_t i = 0; i < fields->slot_count; i++)
        if (members >> i & 1) {
            buffer_printf(out, "%s%s", separator, field_name(changes_field_of(fields, i)));
            separator = ", ";
        }
}

static void write_line(struct buffer *out, const char *name, uint64_t count, const char *note)
{
    char text[FORMAT_NUMBER_SIZE];

    buffer_printf(out, "  %12s  %-10s  %s\n", format_number_count(count, text), name, note);
}

static void write_unclear(const struct adopt_report *report, struct buffer *out)
{
    const struct adopt_plan *plan = report->result->plan;
    uint64_t count = 0;

    for (size_t i = 0; i < adopt_plan_record_count(plan); i++) {
        const struct adopt_record *record = adopt_plan_record(plan, i);
        if (!is_listed(record) || ++count > SHOWN_MAX)
            continue;
        if (count == 1)
            buffer_append_text(out, "\nUnclear, and not created before a person decides:\n");
        buffer_append_text(out, "  ");
        utf8_append_escaped(out, record->external_id);
        buffer_printf(out, " (row %" PRIu64 "), user %s: %s", record->row,
                      record->user_id ? record->user_id : "-", reasons[record->reason]);
        if (record->differing)
            buffer_append_text(out, " in ");
        append_members(report, record->differing, out);
        buffer_append_char(out, '\n');
    }
    if (count > SHOWN_MAX)
        buffer_printf(out, "  … and %" PRIu64 " more (adopt.json lists them)\n", count - SHOWN_MAX);
    if (count > 0)
        buffer_printf(
            out,
            "For each: kyc-import resolve %s --key ID --user USER_ID, or --absent if it has none of these users.\n",
            report->job->path);
}

static void write_not_shown(const struct adopt_report *report, struct buffer *out)
{
    const struct adopt_job_result *result = report->result;
    const struct provider_fields *fields = report->provider->fields;
    const char *separator = " ";

    if (result->not_shown == 0)
        return;
    buffer_printf(out,
                  "\nOf %" PRIu64
                  " of these users the provider does not show everything; it counts as the export's:",
                  result->not_shown);
    for (size_t i = 0; i < fields->slot_count; i++)
        if (result->by_member[i]) {
            buffer_printf(out, "%s%s %" PRIu64, separator, field_name(changes_field_of(fields, i)),
                          result->by_member[i]);
            separator = ", ";
        }
    buffer_append_text(out, ".\n");
}

void adopt_report_write_text(const struct adopt_report *report, struct buffer *out)
{
    const struct adopt_job_result *result = report->result;
    const struct adopt_export_counts *records = &result->records;
    char users[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE];

    buffer_printf(out, "%s: %s record%s compared with %s user%s that the ledger did not have%s\n\n",
                  report->job->name, format_number_count(records->read, count), records->read == 1 ? "" : "s",
                  format_number_count(result->users.users, users), result->users.users == 1 ? "" : "s",
                  report->status > 1 ? "; it ended early, so the counts are not complete" : "");
    write_line(out, "adopt", result->adopt,
               report->is_dry ? "have a user at the provider"
                              : "have a user at the provider, now in the ledger");
    write_line(out, "update", result->update + records->update,
               "of the customers with a user: the next run updates them");
    write_line(out, "create", result->create, "have none: the next run creates them");
    write_line(out, "unclear", result->unclear, "may have one: listed below");
    write_line(out, "in doubt", result->in_doubt, "were sent before: the next run finds out");
    write_line(out, "unchanged", records->unchanged, "the ledger has them already");
    write_line(out, "rejected", records->rejected,
               "not compared: correct them, and run adopt again before the next run");
    write_line(out, "others", result->others, "users that are no record's");
    write_not_shown(report, out);
    write_unclear(report, out);
}

void adopt_report_log(const struct adopt_report *report)
{
    const struct adopt_job_result *result = report->result;

    if (adopt_job_status(result) != 0)
        log_warning("the provider may have the users of %" PRIu64
                    " record%s, which ones is not clear; %" PRIu64
                    " rejected and not compared\nhint: adopt.json in %s lists the unclear records",
                    result->unclear, result->unclear == 1 ? "" : "s", result->records.rejected,
                    report->job->report_folder);
}

static void write_unclear_json(const struct adopt_report *report, struct json_writer *json)
{
    const struct adopt_plan *plan = report->result->plan;
    const struct provider_fields *fields = report->provider->fields;
    uint64_t count = 0;

    json_write_key(json, "unclear_records");
    json_write_array(json);
    for (size_t i = 0; i < adopt_plan_record_count(plan); i++) {
        const struct adopt_record *record = adopt_plan_record(plan, i);
        if (!is_listed(record) || ++count > LISTED_MAX)
            continue;
        json_write_object(json);
        json_write_member(json, "external_id", record->external_id);
        json_write_member_unsigned(json, "row", record->row);
        json_write_member(json, "reason", slice_from(adopt_reason_word(record->reason)));
        json_write_member(json, "what", slice_from(reasons[record->reason]));
        if (record->user_id)
            json_write_member(json, "user_id", slice_from(record->user_id));
        json_write_key(json, "differs");
        json_write_array(json);
        for (size_t slot = 0; slot < fields->slot_count; slot++)
            if (record->differing >> slot & 1)
                json_write_text(json, field_name(changes_field_of(fields, slot)));
        json_write_array_end(json);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void write_not_shown_json(const struct adopt_report *report, struct json_writer *json)
{
    const struct provider_fields *fields = report->provider->fields;

    json_write_key(json, "not_shown_by_field");
    json_write_object(json);
    for (size_t i = 0; i < fields->slot_count; i++)
        if (report->result->by_member[i])
            json_write_member_unsigned(json, field_name(changes_field_of(fields, i)),
                                       report->result->by_member[i]);
    json_write_object_end(json);
}

void adopt_report_write_json(const struct adopt_report *report, struct json_writer *json)
{
    const struct adopt_job_result *result = report->result;
    const struct {
        const char *key;
        uint64_t count;
    } counts[] = {
        {"read", result->records.read},
        {"skipped", result->records.skipped},
        {"rejected", result->records.rejected},
        {"unchanged", result->records.unchanged},
        {"create", result->create},
        {"adopt", result->adopt},
        {"update", result->update + result->records.update},
        {"unclear", result->unclear},
        {"in_doubt", result->in_doubt},
        {"users", result->users.users},
        {"others", result->others},
        {"unreadable", result->users.unreadable},
        {"not_shown", result->not_shown},
        {"requests", result->users.requests},
    };
    char time[CLOCK_RFC3339_SIZE];

    json_write_object(json);
    json_write_member(json, "job", slice_from(report->job->name));
    json_write_member(json, "command", slice_from("adopt"));
    json_write_key(json, "dry_run");
    json_write_bool(json, report->is_dry);
    json_write_key(json, "status");
    json_write_signed(json, report->status);
    json_write_member(json, "started", slice_from(clock_rfc3339(result->started_ns, time)));
    json_write_member(json, "finished", slice_from(clock_rfc3339(result->finished_ns, time)));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        json_write_member_unsigned(json, counts[i].key, counts[i].count);
    write_not_shown_json(report, json);
    write_unclear_json(report, json);
    json_write_object_end(json);
}

int adopt_report_save(const struct adopt_report *report, struct error *error)
{
    char *path = file_join(report->job->report_folder, "adopt.json");
    struct json_writer json;
    struct buffer text;

    buffer_init(&text, REPORT_MAX);
    json_write_begin(&json, &text);
    adopt_report_write_json(report, &json);
    buffer_append_char(&text, '\n');
    int result = report_file_save(path, REPORT_MODE, &text, error);
    buffer_clear(&text);
    free(path);
    return result;
}
