#include <inttypes.h>
#include <string.h>

#include "cmd/explain_write.h"
#include "core/base_url.h"
#include "core/clock.h"
#include "core/json.h"

enum { BODY_MAX = 64 << 20, INDENT = 2, VALUE_SIZE_MAX = 1 << 20 };

struct payload_writer {
    const struct explain_settings *settings;
    const struct found_record *found;
    const struct json_node *nodes;
};

static void write_blanks(struct buffer *out, size_t count)
{
    for (; count; count--)
        buffer_append_char(out, ' ');
}

static void write_text(const struct payload_writer *writer, struct slice text)
{
    struct buffer shown;
    struct json_writer json;

    buffer_init(&shown, VALUE_SIZE_MAX);
    struct explain_settings settings = *writer->settings;
    settings.out = &shown;
    explain_write_value(&settings, writer->found, text, &encoding_utf8);
    json_write_begin(&json, writer->settings->out);
    json_write_string(&json, buffer_slice(&shown));
    buffer_clear(&shown);
}

static void write_node(const struct payload_writer *writer, size_t index, size_t indent)
{
    const struct json_node *node = &writer->nodes[index];
    struct buffer *out = writer->settings->out;
    bool is_object = node->kind == JSON_OBJECT;

    if (node->kind < JSON_ARRAY) {
        if (node->kind == JSON_STRING)
            write_text(writer, node->text);
        else if (node->kind == JSON_NUMBER)
            explain_write_value(writer->settings, writer->found, node->text, &encoding_utf8);
        else
            buffer_append(out, node->text);
        return;
    }
    buffer_append_char(out, is_object ? '{' : '[');
    for (size_t child = index + 1; child < node->end; child = writer->nodes[child].end) {
        buffer_append_text(out, child == index + 1 ? "\n" : ",\n");
        write_blanks(out, indent + INDENT);
        if (is_object) {
            struct json_writer json;
            json_write_begin(&json, out);
            json_write_string(&json, writer->nodes[child].key);
            buffer_append_text(out, ": ");
        }
        write_node(writer, child, indent + INDENT);
    }
    if (node->children) {
        buffer_append_char(out, '\n');
        write_blanks(out, indent);
    }
    buffer_append_char(out, is_object ? '}' : ']');
}

static void write_body(const struct explain_settings *settings, const struct found_record *found,
                       const struct provider_request *request)
{
    struct json_reader *reader = json_reader_new();
    struct json_fault fault;
    size_t count;
    struct payload_writer writer = {.settings = settings, .found = found};

    writer.nodes = json_reader_parse(reader, buffer_slice(&request->body), &count, &fault);
    buffer_append_text(settings->out, "  ");
    if (writer.nodes)
        write_node(&writer, 0, INDENT);
    buffer_append_char(settings->out, '\n');
    json_reader_free(reader);
}

void explain_write_payload(const struct explain_settings *settings, const struct found_record *found)
{
    struct provider_request request = {.method = ""};
    struct base_url url;
    (void)base_url_parse(provider_base_url(settings->provider, settings->job), &url);
    const struct decision *decision = &found->decision;
    bool is_update = decision->kind == DECISION_UPDATE;
    const struct provider_call call = {
        .operation = is_update ? OPERATION_UPDATE : OPERATION_CREATE,
        .job = settings->job,
        .base_path = arena_copy(found->arena, url.path).data,
        .record = found->record,
        .user_id = decision->user_id,
        .members = decision->changes.send,
        .journalled_ns = found->customer && found->customer->first_sent_at ? found->customer->first_sent_at
                                                                           : clock_real_ns(),
    };

    buffer_init(&request.body, BODY_MAX);
    const char *fault = settings->provider->build(&call, &request);
    buffer_printf(settings->out, "\nPayload%s\n", settings->unmask ? "" : " (masked)");
    if (fault) {
        buffer_printf(settings->out, "  cannot be built: %s\n", fault);
    } else {
        buffer_printf(settings->out, "  %s %s\n", request.method, request.target);
        write_body(settings, found, &request);
    }
    buffer_clear(&request.body);
}
