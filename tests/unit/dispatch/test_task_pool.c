/* task_pool: the pool with its bound, the heap of those that wait, the list, and the places of a task. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dispatch/task_pool.h"

enum { TASKS = 500 };

static struct record record_of(struct slice *cell, struct value *values, size_t len)
{
    static char bytes[1 << 20];
    memset(bytes, 'x', sizeof bytes);
    *cell = slice_make(bytes, len);
    return (struct record){.cells = cell, .cell_count = 1, .values = values, .row = 7};
}

static void a_task_holds_a_copy_and_is_used_again(void **state)
{
    (void)state;
    struct task_pool pool = {0};
    struct value values[FIELD_MAX] = {0};
    char text[] = "first";
    struct slice cell = slice_from(text);
    const struct record record = {.cells = &cell, .cell_count = 1, .values = values, .row = 7};
    struct task *task = task_pool_take(&pool, &record);
    memset(text, 'z', 5);
    assert_true(slice_is(task->record->cells[0], "first"));
    assert_int_equal(task->record->row, 7);
    assert_ptr_equal((struct task *)(void *)&task->delivery, task);
    assert_int_equal(pool.count, 1);
    assert_int_equal(task->place, TASK_NOWHERE);
    task->attempts = 3;
    task_begin(task, TASK_REPEAT);
    task_pool_return(&pool, task);
    assert_int_equal(pool.count, 0);
    assert_int_equal(pool.bytes, 0);
    struct task *again = task_pool_take(&pool, &record);
    assert_ptr_equal(again, task);
    assert_int_equal(again->attempts, 0);
    assert_int_equal(again->state, 0);
    assert_int_equal(again->place, TASK_NOWHERE);
    task_pool_return(&pool, again);
    task_pool_clear(&pool);
}

static void the_pool_is_full_when_its_bytes_are_used_up_and_has_room_again(void **state)
{
    (void)state;
    struct task_pool pool = {0};
    struct value values[FIELD_MAX] = {0};
    struct slice cell;
    struct record record = record_of(&cell, values, 1 << 20);
    struct task *tasks[32] = {NULL};
    size_t count = 0;
    while (task_pool_has_capacity(&pool)) {
        assert_true(count < 32);
        tasks[count++] = task_pool_take(&pool, &record);
    }
    assert_in_range(count, 15, 16); /* of 1 MiB */
    task_pool_return(&pool, tasks[--count]);
    assert_true(task_pool_has_capacity(&pool));
    while (count)
        task_pool_return(&pool, tasks[--count]);
    task_pool_clear(&pool);
}

static void those_that_wait_go_in_the_order_of_their_time(void **state)
{
    (void)state;
    static struct task tasks[TASKS];
    struct backoff_queue waiting = {0};
    uint64_t seed = 1, last = 0;
    assert_int_equal(backoff_queue_next_ns(&waiting), UINT64_MAX);
    assert_null(backoff_queue_pop(&waiting));
    for (size_t i = 0; i < TASKS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        tasks[i].due_ns = seed >> 56; /* many are equal */
        backoff_queue_add(&waiting, &tasks[i]);
        assert_int_equal(tasks[i].place, TASK_BACKOFF);
        if (i % 3 == 2) {
            uint64_t next = backoff_queue_next_ns(&waiting);
            struct task *first = backoff_queue_pop(&waiting);
            assert_int_equal(first->due_ns, next);
            assert_int_equal(first->place, TASK_NOWHERE);
            backoff_queue_add(&waiting, first);
        }
    }
    for (size_t i = 0; i < TASKS; i++) {
        struct task *task = backoff_queue_pop(&waiting);
        assert_non_null(task);
        assert_true(task->due_ns >= last);
        last = task->due_ns;
        assert_int_equal(task->attempts++, 0); /* each once */
    }
    assert_null(backoff_queue_pop(&waiting));
    backoff_queue_clear(&waiting);
}

static void a_list_gives_first_what_came_first(void **state)
{
    (void)state;
    struct task tasks[3] = {0};
    struct fifo list = {0};
    assert_null(FIFO_POP(&list, struct task));
    for (int round = 0; round < 2; round++) {
        fifo_append(&list, &tasks[0].link);
        fifo_append(&list, &tasks[1].link);
        assert_ptr_equal(FIFO_POP(&list, struct task), &tasks[0]);
        fifo_append(&list, &tasks[2].link);
        assert_int_equal(list.count, 2);
        assert_ptr_equal(FIFO_POP(&list, struct task), &tasks[1]);
        assert_ptr_equal(FIFO_POP(&list, struct task), &tasks[2]);
        assert_null(FIFO_POP(&list, struct task));
        assert_int_equal(list.count, 0);
    }
}

/* As the dispatcher's: each list has its place, and a task is in one of them at most. */
static void a_task_is_in_one_list_at_a_time(void **state)
{
    (void)state;
    enum { STEPS = 4000, FEW = 20 };
    struct task tasks[FEW] = {0}, *task;
    struct backoff_queue backoff = {0};
    struct fifo ready = {0};
    size_t nowhere = 0;
    uint64_t seed = 7;

    for (int step = 0; step < STEPS; step++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        task = &tasks[(seed >> 33) % FEW];
        if (task->place == TASK_NOWHERE && seed >> 63) {
            task->due_ns = seed >> 50;
            backoff_queue_add(&backoff, task);
        } else if (task->place == TASK_NOWHERE) {
            task_move(task, TASK_READY);
            fifo_append(&ready, &task->link);
        } else if (task->place == TASK_BACKOFF) {
            assert_ptr_not_equal(backoff_queue_pop(&backoff), NULL);
        } else {
            task_move(FIFO_POP(&ready, struct task), TASK_NOWHERE);
        }
        nowhere = 0;
        for (size_t i = 0; i < FEW; i++)
            nowhere += tasks[i].place == TASK_NOWHERE;
        assert_int_equal(nowhere + ready.count + backoff.count, FEW);
    }
    while ((task = FIFO_POP(&ready, struct task)) || (task = backoff_queue_pop(&backoff))) {
        assert_int_equal(task->attempts++, 0); /* each once */
        nowhere++;
    }
    assert_int_equal(nowhere, FEW);
    backoff_queue_clear(&backoff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_holds_a_copy_and_is_used_again),
        cmocka_unit_test(the_pool_is_full_when_its_bytes_are_used_up_and_has_room_again),
        cmocka_unit_test(those_that_wait_go_in_the_order_of_their_time),
        cmocka_unit_test(a_task_is_in_one_list_at_a_time),
        cmocka_unit_test(a_list_gives_first_what_came_first),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("task_pool", tests, NULL, NULL);
}
