#include "ledger/ledger_verify_tasks.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

static void reserve(struct ledger_verify_tasks *tasks, int64_t id)
{
    if (id > tasks->capacity) {
        tasks->capacity = id > 2 * tasks->capacity ? id : 2 * tasks->capacity;
        tasks->tasks = memory_resize(tasks->tasks, (size_t)tasks->capacity, sizeof *tasks->tasks);
    }
    if (id > tasks->count) {
        memset(&tasks->tasks[tasks->count], 0, (size_t)(id - tasks->count) * sizeof *tasks->tasks);
        tasks->count = id;
    }
}

const char *ledger_verify_tasks_event(struct ledger_verify_tasks *tasks, int64_t id,
                                      const struct ledger_verify_task *event, bool is_new)
{
    reserve(tasks, id);
    struct ledger_verify_task *last = &tasks->tasks[id - 1];
    const char *text = NULL;

    if (is_new && last->event != 0)
        text =
            "it makes a task that was made before: the row of that task was deleted, and its id given again";
    else if (last->event != 0 && last->customer != event->customer)
        text = "its task is that of another customer";
    *last = *event;
    return text;
}

/* Tasks between these ids (of neighbouring rows), without a row. */
static void add_missing(struct ledger_verify_tasks *tasks, int64_t before, ledger_verify_tasks_add *add,
                        void *context)
{
    for (int64_t id = tasks->last + (tasks->last < INT64_MAX); id < before && id <= tasks->count; id++)
        add(context, id, &tasks->tasks[id - 1],
            "its row is missing: the next run would send this link or document again");
}

void ledger_verify_tasks_row(struct ledger_verify_tasks *tasks, int64_t id,
                             const struct ledger_verify_task *row, ledger_verify_tasks_add *add,
                             void *context)
{
    const struct ledger_verify_task *last = id >= 1 && id <= tasks->count ? &tasks->tasks[id - 1] : NULL;

    tasks->rows++;
    if (!last || last->event == 0)
        add(context, id, row, "it has no event: its row was added, or its events are missing");
    else if (memcmp(&last->seal, &row->seal, sizeof row->seal) != 0)
        add(context, id, last,
            "its row is not the one that its last event sealed: it was changed, or replaced by an older one");
    if (id < 1)
        return;
    add_missing(tasks, id, add, context);
    tasks->last = id;
}

void ledger_verify_tasks_end(struct ledger_verify_tasks *tasks, ledger_verify_tasks_add *add, void *context)
{
    add_missing(tasks, INT64_MAX, add, context);
}

void ledger_verify_tasks_clear(struct ledger_verify_tasks *tasks)
{
    free(tasks->tasks);
}
