#include "report/notification.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/utf8.h"
#include "report/status_help.h"

enum { HOST_SIZE = 256, TEXT_MAX = 8192, NOTIFICATION_VERSION = 1 };

/* Any bytes, as in a path: what is not UTF-8 or not for the eye is escaped. */
static void write_any(struct json_writer *json, const char *key, const char *text)
{
    struct buffer readable;
    buffer_init(&readable, 8 * TEXT_MAX);
    utf8_append_escaped(&readable, slice_from(text));
    json_write_member(json, key, buffer_slice(&readable));
    buffer_clear(&readable);
}

static void write_time(struct json_writer *json, const char *key, uint64_t real_ns)
{
    char text[CLOCK_RFC3339_SIZE];
    json_write_member(json, key, slice_from(clock_rfc3339(real_ns, text)));
}

static void write_text(const struct notification *notification, const char *host, struct json_writer *json)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX);
    buffer_printf(&text, "%s on %s: %s ended with status %d (%s)", notification->job, host,
                  notification->command, notification->status,
                  status_help_find(notification->status, false).brief);
    if (notification->text[0])
        buffer_printf(&text, ": %s", notification->text);
    if (notification->error[0])
        buffer_printf(&text, ". %s", notification->error);
    else if (notification->status > 1)
        buffer_append_text(&text, ". The log has the reason");
    write_any(json, "text", text.data);
    buffer_clear(&text);
}

void notification_write(const struct notification *notification, struct buffer *out)
{
    struct json_writer writer, *json = &writer;
    char host[HOST_SIZE] = "";
    uint64_t elapsed_ns = notification->finished_ns > notification->started_ns
                              ? notification->finished_ns - notification->started_ns
                              : 0; /* the clock was set back */

    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    json_write_begin(json, out);
    json_write_object(json);
    json_write_member_unsigned(json, "notification", NOTIFICATION_VERSION);
    write_any(json, "host", host);
    json_write_member(json, "job", slice_from(notification->job));
    json_write_member(json, "command", slice_from(notification->command));
    json_write_key(json, "status");
    json_write_signed(json, notification->status);
    json_write_member(json, "meaning", slice_from(status_help_find(notification->status, false).brief));
    write_text(notification, host, json);
    if (notification->error[0]) {
        write_any(json, "error", notification->error);
    } else {
        json_write_key(json, "error");
        json_write_null(json);
    }
    write_time(json, "started", notification->started_ns);
    write_time(json, "finished", notification->finished_ns);
    json_write_key(json, "seconds");
    json_write_decimal(json, (double)elapsed_ns / (double)CLOCK_NS_PER_S, 3);
    char *folder = realpath(notification->report_folder, NULL);
    write_any(json, "report", folder ? folder : notification->report_folder);
    free(folder);
    json_write_key(json, "summary");
    if (notification->summary.len > 0) {
        buffer_append(out, notification->summary);
        while (out->len > 0 && out->data[out->len - 1] == '\n')
            out->data[--out->len] = '\0';
    } else {
        json_write_null(json);
    }
    buffer_append_text(out, "}\n");
}
