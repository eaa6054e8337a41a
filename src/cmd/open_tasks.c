#include "cmd/open_tasks.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/memory.h"
#include "core/utf8.h"

enum { SHOWN_MAX = 50, LISTED_MAX = 20000, ARENA_CHUNK = 16 * 1024 };

struct open_tasks {
    struct ledger_task *tasks;
    size_t count, capacity;
    uint64_t total, since_ns;
    struct arena arena;
};

static bool add_task(void *context, const struct ledger_task *task)
{
    struct open_tasks *open = context;

    if (task->updated_at < open->since_ns ||
        (task->state != LEDGER_TASK_REFUSED && task->state != LEDGER_TASK_IN_DOUBT))
        return true;
    if (open->total++ >= LISTED_MAX)
        return true;
    if (open->count == open->capacity) {
        open->capacity = open->capacity ? 2 * open->capacity : 64;
        open->tasks = memory_resize(open->tasks, open->capacity, sizeof *open->tasks);
    }
    struct ledger_task *copy = &open->tasks[open->count++];
    *copy = *task;
    copy->slot = arena_copy(&open->arena, task->slot);
    copy->code = arena_copy(&open->arena, task->code);
    return true;
}

static void write_text(struct buffer *out, const struct ledger_task *task, struct slice external_id)
{
    buffer_append_text(out, task->state == LEDGER_TASK_REFUSED ? "  refused: " : "  in doubt: ");
    utf8_append_escaped(out, external_id);
    if (task->slot.len)
        buffer_printf(out, ", document %.*s", (int)task->slot.len, task->slot.data);
    if (task->http_status)
        buffer_printf(out, ", HTTP %d", task->http_status);
    if (task->code.len) {
        buffer_append_text(out, ", ");
        utf8_append_escaped(out, task->code);
    }
    buffer_append_char(out, '\n');
}

static void write_json(struct json_writer *json, const struct ledger_task *task, struct slice external_id)
{
    json_write_object(json);
    json_write_member(json, "external_id", external_id);
    if (task->slot.len)
        json_write_member(json, "document", task->slot);
    json_write_member(json, "state", slice_from(ledger_task_state_word(task->state)));
    json_write_member_unsigned(json, "http_status", (uint64_t)task->http_status);
    json_write_member(json, "code", task->code);
    json_write_object_end(json);
}

static int write_all(struct ledger *ledger, const struct open_tasks *open, struct buffer *out,
                     struct json_writer *json, struct error *error)
{
    struct arena arena;
    struct ledger_customer customer;
    int result = 0;

    arena_init(&arena, ARENA_CHUNK);
    for (size_t i = 0; i < open->count && result == 0 && (json || i < SHOWN_MAX); i++) {
        arena_reset(&arena);
        result = ledger_find_known(ledger, open->tasks[i].customer, &arena, &customer, error);
        if (result == 0 && json)
            write_json(json, &open->tasks[i], customer.external_id);
        else if (result == 0)
            write_text(out, &open->tasks[i], customer.external_id);
    }
    if (!json && open->total > SHOWN_MAX)
        buffer_printf(out, "  … and %" PRIu64 " more (--json lists them)\n", open->total - SHOWN_MAX);
    arena_clear(&arena);
    return result;
}

int open_tasks_write(struct ledger *ledger, enum ledger_task_kind kind, uint64_t since_ns, struct buffer *out,
                     struct json_writer *json, struct error *error)
{
    struct open_tasks open = {.since_ns = since_ns};

    arena_init(&open.arena, ARENA_CHUNK);
    if (json) {
        json_write_key(json, "open");
        json_write_array(json);
    }
    int result = ledger_each_task(ledger, kind, add_task, &open, error);
    if (result == 0)
        result = write_all(ledger, &open, out, json, error);
    if (json)
        json_write_array_end(json);
    arena_clear(&open.arena);
    free(open.tasks);
    return result;
}
