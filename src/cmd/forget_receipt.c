#include "cmd/forget_receipt.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/shell_word.h"
#include "core/utf8.h"

void forget_receipt_add_file(struct forget_receipt *receipt, const char *path, bool is_removed)
{
    receipt->files = memory_resize(receipt->files, receipt->file_count + 1, sizeof *receipt->files);
    receipt->files[receipt->file_count++] =
        (struct forget_receipt_file){.path = memory_copy(slice_from(path)), .is_removed = is_removed};
}

void forget_receipt_add_backup(struct forget_receipt *receipt, const struct ledger_backup *backup)
{
    receipt->backups = memory_resize(receipt->backups, receipt->backup_count + 1, sizeof *receipt->backups);
    receipt->backups[receipt->backup_count++] = (struct forget_receipt_backup){
        .path = memory_copy(slice_from(backup->path)),
        .at_ns = backup->at_ns,
        /* Of a schema that a restore moved aside nobody knows. */
        .is_there = ledger_is_remote(backup->path) || access(backup->path, F_OK) == 0};
}

void forget_receipt_clear(struct forget_receipt *receipt)
{
    for (size_t i = 0; i < receipt->file_count; i++)
        free(receipt->files[i].path);
    for (size_t i = 0; i < receipt->backup_count; i++)
        free(receipt->backups[i].path);
    free(receipt->files);
    free(receipt->backups);
}

int forget_receipt_status(const struct forget_receipt *receipt)
{
    for (size_t i = 0; i < receipt->count; i++)
        if (receipt->items[i].result >= LEDGER_ERASURE_UNKNOWN)
            return 1;
    return 0;
}

static const char *result_word(enum ledger_erasure_result result)
{
    switch (result) {
    case LEDGER_ERASURE_DONE:
        return "erased";
    case LEDGER_ERASURE_BEFORE:
        return "erased_before";
    case LEDGER_ERASURE_UNKNOWN:
        return "unknown";
    case LEDGER_ERASURE_OPEN:
        return "in_doubt";
    case LEDGER_ERASURE_NAMED:
        break;
    }
    return "named";
}

static void write_resolve(const struct job *job, struct slice key, const char *options, struct buffer *out)
{
    buffer_append_text(out, "kyc-import resolve ");
    shell_word_append(out, slice_from(job->path));
    buffer_append_text(out, " --key ");
    shell_word_append(out, key);
    buffer_printf(out, " %s; then repeat this command", options);
}

static void write_item(const struct ledger_erasure *item, const struct job *job, struct buffer *out)
{
    buffer_printf(out, "  %.*s: ", (int)item->key.len, item->key.data);
    switch (item->result) {
    case LEDGER_ERASURE_DONE:
        buffer_printf(out, "erased%s", item->user_id.len > 0 ? "; the provider still has its user" : "");
        break;
    case LEDGER_ERASURE_BEFORE:
        buffer_append_text(out, "was erased before");
        break;
    case LEDGER_ERASURE_UNKNOWN:
        buffer_append_text(out,
                           "no customer of the ledger has this key; rows with it are rejected from now on");
        break;
    case LEDGER_ERASURE_OPEN:
        buffer_append_text(
            out, "NOT erased: its last request is in doubt\n      run again with its row in the input, or: ");
        write_resolve(job, item->key, "--user USER_ID (or --absent)", out);
        break;
    case LEDGER_ERASURE_NAMED:
        buffer_printf(out, "NOT erased: customer %.*s %s\n      ", (int)item->named_by.len,
                      item->named_by.data,
                      item->is_twin ? "was refused as its twin, and would be created by the next run"
                                    : "has its key or user in its row");
        buffer_printf(out, "forget that one too (both in one --from FILE)%s",
                      item->is_twin ? "" : ", or use its key");
        if (item->is_twin) {
            buffer_append_text(out, "; or, if it is another person: ");
            write_resolve(job, item->named_by, "--absent", out);
        }
        break;
    }
    buffer_append_char(out, '\n');
}

void forget_receipt_write_text(const struct forget_receipt *receipt, const struct job *job,
                               const struct provider *provider, struct buffer *out)
{
    char at[CLOCK_RFC3339_SIZE];

    buffer_printf(out, "%s at %s\n", job->name, clock_rfc3339(receipt->at_ns, at));
    for (size_t i = 0; i < receipt->count; i++)
        write_item(&receipt->items[i], job, out);
    if (receipt->file_count)
        buffer_append_text(out, "report files:\n");
    for (size_t i = 0; i < receipt->file_count; i++)
        buffer_printf(out, "  %s: %s\n", receipt->files[i].path,
                      receipt->files[i].is_removed ? "removed" : "written again without them");
    buffer_append_text(out, receipt->backup_count ? "backups that may still have them:\n"
                                                  : "backups that may still have them: none is known\n");
    for (size_t i = 0; i < receipt->backup_count; i++)
        buffer_printf(
            out, "  %s  %s%s\n", clock_rfc3339(receipt->backups[i].at_ns, at), receipt->backups[i].path,
            receipt->backups[i].is_there ? "" : " (not found here; it or copies of it may be elsewhere)");
    if (ledger_is_remote(job->ledger_path))
        buffer_append_text(
            out,
            "the database's server may still have them in its write-ahead log, archives of it, base backups and standbys: its administrator removes those\n");
    buffer_printf(
        out,
        "not changed: users at %s (delete them there), the export, logs, and files of links --output, results and backups elsewhere\nledger head %s\n",
        provider->name, receipt->head);
}

static void write_items_json(const struct forget_receipt *receipt, struct json_writer *json)
{
    char key[LEDGER_ERASED_KEY_SIZE];

    json_write_key(json, "customers");
    json_write_array(json);
    for (size_t i = 0; i < receipt->count; i++) {
        const struct ledger_erasure *item = &receipt->items[i];
        json_write_object(json);
        json_write_member(json, "external_id", item->key);
        json_write_member(json, "result", slice_from(result_word(item->result)));
        if (item->result <= LEDGER_ERASURE_UNKNOWN)
            json_write_member(json, "erased_key",
                              slice_from(ledger_erased_key(receipt->ledger, item->key, key)));
        if (item->user_id.len > 0)
            json_write_member(json, "user_id", item->user_id);
        if (item->result == LEDGER_ERASURE_NAMED)
            json_write_member(json, "named_by", item->named_by);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

void forget_receipt_write_json(const struct forget_receipt *receipt, const struct job *job,
                               const struct provider *provider, struct buffer *out)
{
    char at[CLOCK_RFC3339_SIZE];
    struct json_writer json;

    json_write_begin(&json, out);
    json_write_object(&json);
    json_write_member(&json, "job", slice_from(job->name));
    json_write_member(&json, "provider", slice_from(provider->name));
    json_write_member(&json, "at", slice_from(clock_rfc3339(receipt->at_ns, at)));
    json_write_member(&json, "chain_head", slice_from(receipt->head));
    write_items_json(receipt, &json);
    json_write_key(&json, "files");
    json_write_array(&json);
    for (size_t i = 0; i < receipt->file_count; i++) {
        json_write_object(&json);
        json_write_key(&json, "path");
        json_write_any(&json, slice_from(receipt->files[i].path));
        json_write_member(&json, "result",
                          slice_from(receipt->files[i].is_removed ? "removed" : "rewritten"));
        json_write_object_end(&json);
    }
    json_write_array_end(&json);
    json_write_key(&json, "backups");
    json_write_array(&json);
    for (size_t i = 0; i < receipt->backup_count; i++) {
        json_write_object(&json);
        json_write_member(&json, "at", slice_from(clock_rfc3339(receipt->backups[i].at_ns, at)));
        json_write_key(&json, "path");
        json_write_any(&json, slice_from(receipt->backups[i].path));
        json_write_key(&json, "is_there");
        json_write_bool(&json, receipt->backups[i].is_there);
        json_write_object_end(&json);
    }
    json_write_array_end(&json);
    json_write_object_end(&json);
    buffer_append_char(out, '\n');
}
