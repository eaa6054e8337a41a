#include "dispatch/dispatcher_state.h"

#include <inttypes.h>

#include "core/log.h"
#include "dispatch/reconcile.h"

void dispatcher_stop(struct dispatcher *dispatcher, bool at_once)
{
    dispatcher->stopping = true;
    if (at_once)
        sender_abort(session_sender(dispatcher->session));
    else
        sender_withdraw(session_sender(dispatcher->session));
}

void dispatcher_fail(struct dispatcher *dispatcher)
{
    dispatcher->failed = true;
    dispatcher_stop(dispatcher, false);
}

void dispatcher_begin_task(struct dispatcher *dispatcher, struct task *task, enum task_state first)
{
    task_begin(task, first);
    dispatcher->in_doubt_count += task_is_in_doubt(first);
}

void dispatcher_enter(struct dispatcher *dispatcher, struct task *task, enum task_state next)
{
    if (next != task->state && !task_is_final(next))
        log_debug("row %" PRIu64 ": %s, then %s", task->record->row, task_state_word(task->state),
                  task_state_word(next));
    dispatcher->in_doubt_count += (uint64_t)task_is_in_doubt(next) - (uint64_t)task_is_in_doubt(task->state);
    task_enter(task, next);
}

void dispatcher_set_retried(struct dispatcher *dispatcher, struct task *task, bool is_retried)
{
    dispatcher->retrying += (uint64_t)is_retried - (uint64_t)task->is_retried;
    task->is_retried = is_retried;
}

void dispatcher_make_ready(struct dispatcher *dispatcher, struct task *task)
{
    task_move(task, TASK_READY);
    fifo_append(&dispatcher->ready, &task->link);
}

struct task *dispatcher_pop_ready(struct dispatcher *dispatcher)
{
    struct task *task = FIFO_POP(&dispatcher->ready, struct task);

    if (task)
        task_move(task, TASK_NOWHERE);
    return task;
}

void dispatcher_end_task(struct dispatcher *dispatcher, struct task *task, enum task_state final)
{
    dispatcher_enter(dispatcher, task, final);
    dispatcher_set_retried(dispatcher, task, false);
    reconcile_drop(task);
    task->delivery.sink = NULL;
    task_move(task, TASK_ENDED);
    fifo_append(&dispatcher->ended, &task->link);
}
