#include "job/job_load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/buffer.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "job/job_parts.h"
#include "job/job_scalar.h"

enum {
    JOB_ARENA_CHUNK = 64 * 1024,
    JOB_NAME_MAX = 64,
    REPORT_KEEP_MAX = 1000, /* each is read by every run */
};

static int read_name(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                     void *target)
{
    struct job *job = target;
    struct slice name;
    (void)key;
    if (job_scalar_read(reader, value, &name) != 0)
        return -1;
    if (name.len > JOB_NAME_MAX || name.data[0] == '-' ||
        strspn(name.data, "abcdefghijklmnopqrstuvwxyz0123456789-") != name.len)
        return job_keys_fail(
            reader, value,
            "`%s` is not a name for a job\nhint: use lower-case letters, digits and hyphens, at most %d; it names the ledger and the report folder",
            name.data, JOB_NAME_MAX);
    job->name = name.data;
    return 0;
}

const struct job_key job_file_keys[] = {
    {"job", .read = read_name, .form = "name: lower-case letters, digits and hyphens", .absent = "required",
     .help = "the name of the job, from which the default paths of ledger, report and metrics are made",
     .example = "nightly"},
    {"input", job_keys_read_table, offsetof(struct job, input), .keys = job_input_keys, .form = "mapping",
     .absent = "required, unless --input names the files", .help = "the export that is read"},
    {"provider", job_provider_read, offsetof(struct job, provider), .keys = job_provider_keys,
     .form = "mapping", .absent = "required",
     .help = "where the customers are created, and with which credentials"},
    {"fields", .read = job_fields_read, .items = job_mapping_keys, .form = "mapping, or auto",
     .absent = "required",
     .help =
         "for each customer field its source in the export; auto takes each column of a CSV by its usual name",
     .example = "auto"},
    {"rules", .read = job_rules_read, .items = job_rule_keys, .form = "list of rules", .absent = "none",
     .help = "rules of the job, beside those of the provider and of the fields",
     .example = "[{field: postal_code, when: {country: US}, must_match: '^\\d{5}(-\\d{4})?$'}]"},
    {"delivery", job_keys_read_table, offsetof(struct job, delivery), .keys = job_delivery_keys,
     .form = "mapping", .absent = "the defaults of its settings",
     .help = "how fast requests are sent, how often they are repeated, and when a run stops"},
    {"ledger", .read = job_ledger_setting_read, .form = "sqlite:PATH or postgresql://USER@HOST/DATABASE",
     .absent = "sqlite:JOB.ledger",
     .help =
         "where every customer and every request is recorded: a file on a local disk, which is backed up with its .key; or a PostgreSQL database, which several hosts can reach",
     .example = "sqlite:state/nightly.ledger"},
    {"ledger_key", job_secret_read_bytes, .offset = offsetof(struct job, ledger_key),
     .form = "env:NAME or file:PATH",
     .absent = "the file LEDGER.key, made with the ledger; of a database, required",
     .help =
         "the key with which the ledger seals its rows, as a secret of at least 16 bytes that is stored elsewhere; the .key file of a ledger is one",
     .example = "file:secrets/ledger.key"},
    {"ledger_password", job_secret_read_line, .offset = offsetof(struct job, ledger_password),
     .form = "env:NAME or file:PATH", .absent = "none",
     .help = "the password of a ledger in PostgreSQL, as a secret that is stored elsewhere",
     .example = "env:KYC_LEDGER_PASSWORD"},
    {"ledger_witness", job_scalar_path, .offset = offsetof(struct job, ledger_witness),
     .form = "path of a folder", .absent = "none",
     .help =
         "a folder on other storage than ledger and report, which records the ledger's last run, too: an older ledger that was restored is found out even if the report folder is lost",
     .example = "/mnt/witness/nightly"},
    {"report", job_scalar_path, .offset = offsetof(struct job, report_folder), .absent = "reports/JOB",
     .help = "the folder of the report files", .example = "reports/nightly"},
    {"report_keep", job_scalar_uint32, .offset = offsetof(struct job, report_keep), .max = REPORT_KEEP_MAX,
     .standard = "14",
     .help = "how many reports of runs are kept in the report folder's history; 0 keeps none",
     .example = "90"},
    {"metrics", job_scalar_path, .offset = offsetof(struct job, metrics_path), .absent = "metrics/JOB.prom",
     .help =
         "the file of the metrics of a run, for the textfile collector of the Prometheus node exporter; those of a refresh are beside it, with .refresh before the extension",
     .example = "metrics/nightly.prom"},
    {"notify", job_notify_read, .offset = offsetof(struct job, notify), .keys = job_notify_keys,
     .form = "mapping", .absent = "nobody is notified",
     .help = "the program or the webhook that is notified of the end of run, refresh, links and documents"},
    {0},
};

/* What every job needs, in the order in which a person writes it. */
static int check_complete(struct job_reader *reader, const struct job_node *top)
{
    static const char *const needed[] = {"job", "input", "provider", "fields", NULL};
    for (size_t index = 0; needed[index]; index++) {
        bool from_command_line = strcmp(needed[index], "input") == 0 && reader->overrides->input_count;
        if (!from_command_line && !job_yaml_member(top, slice_from(needed[index])))
            return job_keys_fail(reader, top,
                                 "`%s` is missing: a job has `job`, `input`, `provider` and `fields`",
                                 needed[index]);
    }
    return 0;
}

static const char *default_path(struct job_reader *reader, const char *before, const char *after)
{
    struct job *job = reader->job;
    return job_scalar_join(reader, arena_printf(&job->arena, "%s%s%s", before, job->name, after).data);
}

/* A collector or an alert that watches the files of the last run must not mistake a check for one. */
static void separate_check(struct job *job)
{
    job->report_folder = arena_printf(&job->arena, "%s/check", job->report_folder).data;
    job->metrics_path = NULL;
}

/* `metrics/kira.prom` -> `metrics/kira.refresh.prom`: no job has a dot in its name, so this is no other job's
 * file */
static const char *refresh_path(struct job *job)
{
    const char *path = job->metrics_path, *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    size_t len = dot && (!slash || dot > slash + 1) ? (size_t)(dot - path) : strlen(path);

    return arena_printf(&job->arena, "%.*s.refresh%s", (int)len, path, path + len).data;
}

static int interpret(struct job_reader *reader, struct job_node *top)
{
    struct job *job = reader->job;
    if (top->kind != JOB_NODE_MAPPING)
        return job_keys_fail(reader, top, "a job file is a mapping: `job`, `input`, `provider`, `fields` …");
    if (job_set_apply(reader, top) != 0 || job_fields_define(reader, top) != 0)
        return -1;
    job->unique_count = 1;
    job_keys_defaults(reader, job_file_keys, job);
    /* A misspelt `feilds` is better said as unknown than as missing: so first what is there, then what is
     * not. */
    if (job_keys_read(reader, top, job_file_keys, "", job) != 0 || check_complete(reader, top) != 0 ||
        job_input_finish(reader, top) != 0 || job_ledger_setting_finish(reader, top) != 0)
        return -1;
    if (!job->ledger_path)
        job->ledger_path = default_path(reader, "", ".ledger");
    if (!job->report_folder)
        job->report_folder = default_path(reader, "reports/", "");
    if (!job->metrics_path)
        job->metrics_path = default_path(reader, "metrics/", ".prom");
    job->refresh_metrics_path = refresh_path(job);
    job->run_report = job->report_folder;
    if (reader->overrides->report)
        job->report_folder = arena_copy(&job->arena, slice_from(reader->overrides->report)).data;
    if (reader->overrides->check)
        separate_check(job);
    return 0;
}

/* An account that may write to a job file decides where the credentials and the customers are sent. Its group
 * may: accounts often have a group of their own, and a umask that lets it write. */
static int check_mode(const char *path, mode_t mode, bool with_secrets, struct error *error)
{
    if (!(mode & S_IWOTH))
        return 0;
    error_set(
        error, ERROR_USAGE,
        "%s: every account may change this job file, and so choose where credentials and customers are sent (mode %03o)\nhint: chmod o-w %s",
        path, (unsigned)(mode & 0777), path);
    if (with_secrets)
        return -1;
    log_warning("%s", error->text);
    return 0;
}

static int read_file(struct job *job, const char *path, bool with_secrets, struct error *error)
{
    struct buffer text;
    struct stat about;
    buffer_init(&text, JOB_YAML_MAX);
    int result = file_read_about(path, &text, &about, error);
    if (result == 0)
        result = check_mode(path, about.st_mode, with_secrets, error);
    if (result == 0)
        job->owner = about.st_uid;
    if (result == 0)
        job->text = arena_copy(&job->arena, buffer_slice(&text));
    buffer_clear(&text);
    return result;
}

/* By its name: its lines are no part of a message, since they are customers. */
static bool is_export(const char *path)
{
    static const char *const endings[] = {".csv", ".tsv", ".ndjson", ".jsonl", ".gz", ".xlsx", ".zip"};
    size_t len = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]);
        if (len > ending && strcasecmp(path + len - ending, endings[i]) == 0)
            return true;
    }
    return false;
}

static int load(struct job *job, const struct job_overrides *overrides, struct error *error)
{
    if (is_export(job->path))
        return error_set(
            error, ERROR_USAGE,
            "%s: by its name this is an export, not a job file\nhint: kyc-import guess %s --provider NAME > job.yaml writes a job file for it",
            job->path, job->path);
    if (read_file(job, job->path, overrides->secrets, error) != 0)
        return -1;
    struct job_yaml_fault fault;
    struct job_node *top = job_yaml_parse(job->text, &job->arena, &fault);
    if (!top)
        return job_fail(job, fault.place, error, "%s", fault.text);
    struct job_reader reader = {.job = job, .overrides = overrides, .error = error};
    return interpret(&reader, top);
}

static void each_credential(struct job *job, void (*visit)(struct secret *secret))
{
    for (size_t index = 0; index < job->provider.credential_count; index++) {
        struct job_credentials *credentials = &job->provider.credentials[index];
        for (size_t i = 0; i < credentials->count; i++)
            visit(&credentials->items[i].secret);
    }
}

/* What is not for sending. */
static void each_other_secret(struct job *job, void (*visit)(struct secret *secret))
{
    visit(&job->ledger_key);
    visit(&job->ledger_password);
    visit(&job->notify.url);
    visit(&job->notify.token);
}

void job_forget_sources(struct job *job)
{
    each_credential(job, secret_forget_source);
    each_other_secret(job, secret_forget_source);
}

void job_forget_secrets(struct job *job)
{
    each_credential(job, secret_clear);
}

struct job *job_load(const char *path, const struct job_overrides *overrides, struct error *error)
{
    struct job *job = memory_new(1, sizeof *job);
    arena_init(&job->arena, JOB_ARENA_CHUNK);
    job->path = arena_copy(&job->arena, slice_from(path)).data;
    char *folder = file_folder(path);
    job->folder = arena_copy(&job->arena, slice_from(folder)).data;
    free(folder);
    if (load(job, overrides, error) == 0)
        return job;
    job_free(job);
    return NULL;
}

void job_free(struct job *job)
{
    if (!job)
        return;
    each_credential(job, secret_clear);
    each_other_secret(job, secret_clear);
    arena_clear(&job->arena);
    free(job);
}
