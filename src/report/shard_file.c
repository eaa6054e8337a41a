#include "report/shard_file.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/text.h"
#include "report/report_file.h"
#include "report/shard_json.h"

enum { SHARD_FILE_FORMAT = 1, SHARD_FILE_MODE = 0600 };

#define SHARD_FILE_MAX ((size_t)1 << 32)

/* The counts that are sums, by name. */
struct shard_file_count {
    const char *key;
    size_t offset;
};

#define COUNT(key, member)                                                                                   \
    {                                                                                                        \
        key, offsetof(struct run_stats, member)                                                              \
    }

static const struct shard_file_count counts[] = {
    COUNT("read", read),          COUNT("skipped", skipped),      COUNT("valid", valid),
    COUNT("rejected", rejected),  COUNT("warned", warned),        COUNT("well_formed", well_formed),
    COUNT("create", plan.create), COUNT("update", plan.update),   COUNT("unchanged", plan.unchanged),
    COUNT("settle", plan.settle), COUNT("refused", plan.refused), COUNT("twins", plan.twins),
};

static uint64_t *count_at(const struct run_stats *stats, size_t i)
{
    return (uint64_t *)(void *)((char *)stats + counts[i].offset);
}

static void write_bytes(struct json_writer *json, const char *key, const uint8_t *bytes, size_t len)
{
    char hex[2 * DIGEST_SHA256_LEN + 1];

    json_write_member(json, key, slice_from(digest_hex(bytes, len, hex)));
}

static void write_parts(struct json_writer *json, const char *key, const struct rejects_parts *parts)
{
    json_write_key(json, key);
    json_write_object(json);
    json_write_member_unsigned(json, "header", parts->header_len);
    json_write_key(json, "parts");
    json_write_array(json);
    for (size_t i = 0; i < parts->count; i++) {
        json_write_object(json);
        json_write_member_unsigned(json, "input", parts->parts[i].input);
        json_write_member_unsigned(json, "offset", parts->parts[i].offset);
        json_write_member_unsigned(json, "length", parts->parts[i].len);
        json_write_member_unsigned(json, "records", parts->parts[i].records);
        json_write_object_end(json);
    }
    json_write_array_end(json);
    json_write_object_end(json);
}

static void write_head(const struct shard_file *file, struct json_writer *json)
{
    json_write_member_unsigned(json, "format", SHARD_FILE_FORMAT);
    json_write_member(json, "version", slice_from(file->version));
    json_write_member_unsigned(json, "shard", file->shard);
    json_write_member_unsigned(json, "of", file->of);
    json_write_member_unsigned(json, "status", (uint64_t)file->status);
    json_write_member_unsigned(json, "started_ns", file->started_ns);
    json_write_member_unsigned(json, "finished_ns", file->finished_ns);
    write_bytes(json, "plan", file->plan, sizeof file->plan);
    write_bytes(json, "job_digest", file->job, sizeof file->job);
    write_bytes(json, "key_check", file->check, sizeof file->check);
    json_write_member(json, "repeats", slice_from(file->unique));
    json_write_member(json, "identity_repeats", slice_from(file->identities));
    json_write_member(json, "chain_head", slice_from(file->chain_head));
    json_write_member_unsigned(json, "sent", file->sent);
    json_write_member_unsigned(json, "sent_seen", file->sent_seen);
    json_write_member_unsigned(json, "open", file->open);
    json_write_member_unsigned(json, "open_seen", file->open_seen);
    json_write_member_unsigned(json, "input_count", file->input_count);
    write_parts(json, "rejects", &file->rejected);
    write_parts(json, "broken", &file->broken);
}

static void write_inputs(const struct shard_file *file, const struct run_stats *stats,
                         struct json_writer *json)
{
    json_write_key(json, "inputs");
    json_write_array(json);
    for (size_t i = 0; i < file->own_count; i++) {
        const struct shard_file_input *own = &file->inputs[i];
        const struct run_stats_input *input = &stats->inputs[own->index];
        json_write_object(json);
        json_write_member_unsigned(json, "input", own->index);
        json_write_key(json, "path");
        json_write_any(json, slice_from(input->path));
        json_write_member_unsigned(json, "size", own->size);
        json_write_member_unsigned(json, "mtime_ns", own->mtime_ns);
        json_write_member_unsigned(json, "bytes", input->bytes);
        json_write_member_unsigned(json, "records", input->records);
        json_write_member_unsigned(json, "rejected", input->rejected);
        json_write_member_unsigned(json, "warned", input->warned);
        json_write_key(json, "complete");
        json_write_bool(json, input->complete);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void write_fields(const struct run_stats *stats, struct json_writer *json)
{
    json_write_key(json, "fields");
    json_write_array(json);
    for (size_t i = 0; i <= FIELD_MAX; i++) {
        const struct run_stats_field *field = &stats->fields[i];
        if (!field->present && !field->rejected)
            continue;
        json_write_object(json);
        json_write_member(json, "field",
                          slice_from(field_name(i < FIELD_MAX ? (enum field_id)i : FIELD_NONE)));
        json_write_member_unsigned(json, "present", field->present);
        json_write_member_unsigned(json, "rejected", field->rejected);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void write_countries(const struct run_stats *stats, struct json_writer *json)
{
    char code[3];

    json_write_key(json, "countries");
    json_write_array(json);
    for (size_t i = 0; i < RUN_STATS_COUNTRIES; i++) {
        const struct run_stats_country *country = &stats->countries[i];
        if (!country->records)
            continue;
        json_write_object(json);
        json_write_member(json, "country", slice_from(run_stats_country_code(i, code)));
        json_write_member_unsigned(json, "records", country->records);
        json_write_member_unsigned(json, "rejected", country->rejected);
        json_write_member_unsigned(json, "warned", country->warned);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

int shard_file_save(const struct shard_file *file, const struct run_stats *stats,
                    const struct shard_stats *rules, const char *path, struct error *error)
{
    struct json_writer json;
    struct buffer out;

    buffer_init(&out, SHARD_FILE_MAX);
    json_write_begin(&json, &out);
    json_write_object(&json);
    write_head(file, &json);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        json_write_member_unsigned(&json, counts[i].key, *count_at(stats, i));
    json_write_member_unsigned(&json, "conditions", stats->conditions);
    json_write_member_unsigned(&json, "sources", stats->sources);
    write_inputs(file, stats, &json);
    write_fields(stats, &json);
    write_countries(stats, &json);
    json_write_key(&json, "rules");
    shard_stats_write(rules, &json);
    json_write_object_end(&json);
    buffer_append_char(&out, '\n');
    int result = report_file_save(path, SHARD_FILE_MODE, &out, error);
    buffer_clear(&out);
    return result;
}

static int fail_file(const char *path, const char *why, struct error *error)
{
    return error_set(error, ERROR_INPUT, "%s %s", path, why);
}

static void read_parts(struct shard_json *json, const char *key, struct rejects_parts *parts)
{
    size_t node = shard_json_object(json, 0, key), list = shard_json_array(json, node, "parts");

    parts->header_len = shard_json_number(json, node, "header");
    parts->count = list ? json->nodes[list].children : 0;
    parts->parts = memory_new(parts->count, sizeof *parts->parts);
    for (size_t i = list + 1, k = 0; k < parts->count; k++, i = json->nodes[i].end)
        parts->parts[k] = (struct rejects_part){
            .input = (uint32_t)shard_json_number(json, i, "input"),
            .offset = shard_json_number(json, i, "offset"),
            .len = shard_json_number(json, i, "length"),
            .records = shard_json_number(json, i, "records"),
        };
}

static void read_head(struct shard_json *json, struct shard_file *file)
{
    size_t list = shard_json_array(json, 0, "inputs");

    shard_json_copy(json, 0, "version", file->version, sizeof file->version);
    file->shard = (uint32_t)shard_json_number(json, 0, "shard");
    file->of = (uint32_t)shard_json_number(json, 0, "of");
    file->status = (int)shard_json_number(json, 0, "status");
    file->started_ns = shard_json_number(json, 0, "started_ns");
    file->finished_ns = shard_json_number(json, 0, "finished_ns");
    json->is_damaged = json->is_damaged || file->of > SHARD_PLAN_MAX || file->shard >= file->of;
    shard_json_bytes(json, 0, "plan", file->plan, sizeof file->plan);
    shard_json_bytes(json, 0, "job_digest", file->job, sizeof file->job);
    shard_json_bytes(json, 0, "key_check", file->check, sizeof file->check);
    shard_json_copy(json, 0, "repeats", file->unique, sizeof file->unique);
    shard_json_copy(json, 0, "identity_repeats", file->identities, sizeof file->identities);
    shard_json_copy(json, 0, "chain_head", file->chain_head, sizeof file->chain_head);
    file->sent = shard_json_number(json, 0, "sent");
    file->sent_seen = shard_json_number(json, 0, "sent_seen");
    file->open = shard_json_number(json, 0, "open");
    file->open_seen = shard_json_number(json, 0, "open_seen");
    file->input_count = shard_json_number(json, 0, "input_count");
    read_parts(json, "rejects", &file->rejected);
    read_parts(json, "broken", &file->broken);
    file->own_count = list ? json->nodes[list].children : 0;
    file->inputs = memory_new(file->own_count, sizeof *file->inputs);
    for (size_t i = list + 1, k = 0; k < file->own_count; k++, i = json->nodes[i].end)
        file->inputs[k] = (struct shard_file_input){
            .index = (uint32_t)shard_json_number(json, i, "input"),
            .size = shard_json_number(json, i, "size"),
            .mtime_ns = shard_json_number(json, i, "mtime_ns"),
        };
}

static void add_inputs(struct shard_json *json, struct run_stats *stats)
{
    size_t list = shard_json_array(json, 0, "inputs");

    for (size_t i = list + 1, k = 0; list && k < json->nodes[list].children; k++, i = json->nodes[i].end) {
        uint64_t index = shard_json_number(json, i, "input");
        if (index >= stats->input_count) {
            json->is_damaged = true;
            return;
        }
        struct run_stats_input *input = &stats->inputs[index];
        input->bytes = shard_json_number(json, i, "bytes");
        input->records = shard_json_number(json, i, "records");
        input->rejected = shard_json_number(json, i, "rejected");
        input->warned = shard_json_number(json, i, "warned");
        input->complete = shard_json_bool(json, i, "complete");
    }
}

static void add_fields(struct shard_json *json, struct run_stats *stats)
{
    size_t list = shard_json_array(json, 0, "fields");

    for (size_t i = list + 1, k = 0; list && k < json->nodes[list].children; k++, i = json->nodes[i].end) {
        enum field_id field = field_by_name(shard_json_text(json, i, "field"));
        struct run_stats_field *counted = &stats->fields[field == FIELD_NONE ? (size_t)FIELD_MAX : field];
        counted->present += shard_json_number(json, i, "present");
        counted->rejected += shard_json_number(json, i, "rejected");
    }
}

static void add_countries(struct shard_json *json, struct run_stats *stats)
{
    size_t list = shard_json_array(json, 0, "countries");

    for (size_t i = list + 1, k = 0; list && k < json->nodes[list].children; k++, i = json->nodes[i].end) {
        struct slice code = shard_json_text(json, i, "country");
        struct run_stats_country *country =
            &stats->countries[code.len == 2 ? run_stats_country_index(code.data) : 0];
        country->records += shard_json_number(json, i, "records");
        country->rejected += shard_json_number(json, i, "rejected");
        country->warned += shard_json_number(json, i, "warned");
    }
}

static void add_counts(struct shard_json *json, struct run_stats *stats, struct shard_stats *rules)
{
    size_t list = shard_json_array(json, 0, "rules");

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        *count_at(stats, i) += shard_json_number(json, 0, counts[i].key);
    stats->conditions |= shard_json_number(json, 0, "conditions");
    stats->sources |= shard_json_number(json, 0, "sources");
    add_inputs(json, stats);
    add_fields(json, stats);
    add_countries(json, stats);
    if (!list || !shard_stats_read(rules, json->nodes, list))
        json->is_damaged = true;
}

/* file: its head, or NULL: its counts, into stats and rules. */
static int read_file(const char *path, struct shard_file *file, struct run_stats *stats,
                     struct shard_stats *rules, struct error *error)
{
    struct json_reader *reader = json_reader_new();
    struct json_fault fault;
    struct buffer text;
    struct stat about;
    size_t count;
    int result = 0;

    buffer_init(&text, SHARD_FILE_MAX);
    if (file_read_about(path, &text, &about, error) != 0) {
        error->scope = ERROR_INPUT;
        result = -1;
    }
    struct shard_json json = {
        .nodes = result == 0 ? json_reader_parse(reader, buffer_slice(&text), &count, &fault) : NULL};
    if (result == 0 && !json.nodes)
        result = fail_file(path, "is damaged", error);
    else if (result == 0 && shard_json_number(&json, 0, "format") != SHARD_FILE_FORMAT)
        result = fail_file(path, "is of another format: it was made by another version of kyc-import", error);
    if (result == 0 && file)
        read_head(&json, file);
    else if (result == 0)
        add_counts(&json, stats, rules);
    if (result == 0 && json.is_damaged)
        result = fail_file(path, "is damaged", error);
    if (result == 0 && file)
        file->about = about;
    json_reader_free(reader);
    buffer_clear(&text);
    return result;
}

int shard_file_read(struct shard_file *file, const char *path, struct error *error)
{
    *file = (struct shard_file){.status = 0};
    if (read_file(path, file, NULL, NULL, error) == 0)
        return 0;
    shard_file_clear(file);
    return -1;
}

int shard_file_add(const char *path, struct run_stats *stats, struct shard_stats *rules, struct error *error)
{
    return read_file(path, NULL, stats, rules, error);
}

bool shard_file_is_same(const struct shard_file *file, const char *path)
{
    struct stat now;

    return stat(path, &now) == 0 && now.st_dev == file->about.st_dev && now.st_ino == file->about.st_ino &&
           now.st_size == file->about.st_size && clock_is_same_time(&now.st_mtim, &file->about.st_mtim);
}

void shard_file_clear(struct shard_file *file)
{
    free(file->inputs);
    rejects_parts_clear(&file->rejected);
    rejects_parts_clear(&file->broken);
    *file = (struct shard_file){.status = 0};
}
