#include "core/clock.h"
#include "core/log.h"
#include "core/secret.h"
#include "core/webhook_url.h"
#include "job/job_parts.h"
#include "job/job_scalar.h"

enum { STATUS_MAX = 7, TIMEOUT_MAX_S = 300 };

#define OFFSET(member) .offset = offsetof(struct job_notify, member)

static int fail_program(struct job_reader *reader, const struct job_node *node)
{
    return job_keys_fail(
        reader, node,
        "the program of `command` should be a path, as it is not looked for in PATH and no shell runs it\nhint: write its whole path, as in [/usr/local/bin/page-us, --job, nightly]; a path is relative to the job file's folder");
}

/* The words of a command: the program alone, or a list of it and its arguments. */
static int read_command(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                        void *target)
{
    struct job_notify *notify = target;
    bool is_list = value->kind == JOB_NODE_LIST;
    const struct job_node *first = is_list ? value->first : value;
    size_t count = is_list ? value->count : 1, index = 0;
    const char **words = arena_alloc(&reader->job->arena, (count + 1) * sizeof *words);
    (void)key;
    if (!first || value->kind == JOB_NODE_MAPPING)
        return job_keys_fail(
            reader, value,
            "`command` should be a program's path, or a list of it and its arguments\nhint: as in [/usr/local/bin/page-us, --job, nightly]");
    for (const struct job_node *item = first; item; item = is_list ? item->next : NULL) {
        if (item->kind != JOB_NODE_SCALAR)
            return job_keys_fail_kind(reader, item, JOB_NODE_SCALAR);
        words[index++] = item->text.data;
    }
    words[index] = NULL;
    const char *program = first->text.data;
    if (!strchr(program, '/') || (strchr(program, ' ') && !is_list))
        return fail_program(reader, first);
    words[0] = job_scalar_join(reader, program);
    notify->command = words;
    return 0;
}

/* What a variable or a file has is no error of the job file: see job_secret_read_optional. */
static void check_secret_url(struct job_reader *reader, const struct job_node *value,
                             struct job_notify *notify)
{
    struct base_url parts;
    const char *fault = webhook_url_parse(secret_slice(&notify->url), &parts);
    if (!fault)
        return;
    notify->fault = arena_printf(&reader->job->arena, "%s:%u:%u: `url`: %s %s", reader->job->path,
                                 value->place.line, value->place.column, value->text.data, fault)
                        .data;
    log_warning("%s", notify->fault);
    secret_forget_source(&notify->url);
    secret_clear(&notify->url);
}

/* A URL, or the reference to a secret one: services that have a token in the path (Slack and its like). */
static int read_url(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    struct job_notify *notify = target;
    struct slice text;
    struct base_url parts;
    bool hidden = reader->hide_lines;
    reader->hide_lines = true;
    int result = job_scalar_read(reader, value, &text);
    if (result == 0 && job_secret_is_reference(text)) {
        result = job_secret_read_optional(reader, value, key->name, &notify->url, &notify->fault);
        if (result == 0 && notify->url.len > 0)
            check_secret_url(reader, value, notify);
    } else if (result == 0) {
        const char *fault = webhook_url_parse(text, &parts);
        if (fault && strstr(fault, "\nhint: "))
            result = job_keys_fail(reader, value, "`url` %s", fault);
        else if (fault)
            result = job_keys_fail(
                reader, value,
                "`url` %s\nhint: as in https://example.com/hooks/nightly; or env:NAME or file:PATH, if it is a secret",
                fault);
        else
            notify->literal_url = text.data;
    }
    reader->hide_lines = hidden;
    return result;
}

static int read_token(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    struct job_notify *notify = target;
    return job_secret_read_optional(reader, value, key->name, &notify->token, &notify->fault);
}

static int fail_status(struct job_reader *reader, const struct job_node *node)
{
    return job_keys_fail(
        reader, node,
        "`on` should be a list of exit statuses from 0 to 7\nhint: as in [1, 2, 3, 4, 5]; [] notifies nobody");
}

static int read_on(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                   void *target)
{
    struct job_notify *notify = target;
    (void)key;
    if (value->kind != JOB_NODE_LIST)
        return fail_status(reader, value);
    notify->on = 0;
    for (const struct job_node *item = value->first; item; item = item->next) {
        if (item->kind != JOB_NODE_SCALAR || item->text.len != 1 || item->text.data[0] < '0' ||
            item->text.data[0] > '0' + STATUS_MAX)
            return fail_status(reader, item);
        notify->on |= 1u << (item->text.data[0] - '0');
    }
    return 0;
}

const struct job_key job_notify_keys[] = {
    {"command", .read = read_command, .form = "path of a program, or a list of it and its arguments",
     .absent = "none",
     .help = "the program that gets the notification on its standard input; no shell runs it",
     .example = "[/usr/local/bin/page-us, --job, nightly]"},
    {"url", .read = read_url, .form = "URL (https://), or env:NAME or file:PATH", .absent = "none",
     .help = "the webhook that the notification is sent to by POST, instead of a command",
     .example = "env:KYC_WEBHOOK"},
    {"token", .read = read_token, .form = "env:NAME or file:PATH", .absent = "none",
     .help = "of a webhook: sent in the header Authorization: Bearer", .example = "env:KYC_WEBHOOK_TOKEN"},
    {"on", .read = read_on, .form = "list of exit statuses", .standard = "[1, 2, 3, 4, 5]",
     .help = "the exit statuses of run, refresh, links and documents that notify", .example = "[2, 3, 4, 5]"},
    {"timeout", job_scalar_duration, OFFSET(timeout_ns), .min = CLOCK_NS_PER_S,
     .max = TIMEOUT_MAX_S * CLOCK_NS_PER_S, .standard = "10s",
     .help = "how long the notification may take; then the program is ended, or the request given up",
     .example = "30s"},
    {0},
};

int job_notify_read(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    struct job_notify *notify = (struct job_notify *)(void *)((char *)target + key->offset);
    if (job_keys_read(reader, value, job_notify_keys, key->name, notify) != 0)
        return -1;
    notify->place = value->key_place;
    const struct job_node *token = job_yaml_member(value, SLICE_LITERAL("token")),
                          *command = job_yaml_member(value, SLICE_LITERAL("command"));
    bool has_url = job_yaml_member(value, SLICE_LITERAL("url"));
    if (!has_url == !command)
        return job_keys_fail_at_key(
            reader, value, "`notify` needs %s\nhint: write command: [PROGRAM, ARGUMENT…] or url: https://…",
            command ? "one of `command` and `url`, not both" : "`command` or `url`");
    if (token && !has_url)
        return job_keys_fail_at_key(
            reader, token, "`token` belongs to `url`, and `notify` has a `command`\nhint: remove it");
    notify->is_set = true;
    return 0;
}
