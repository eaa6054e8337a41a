/* task: the pool with its bound, the heap of those that wait, the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dispatch/task_pool.h"

enum { ITEMS = 500 };

static struct record record_of(struct slice *cell, struct value *values, size_t len)
{
    static char bytes[1 << 20];
    memset(bytes, 'x', sizeof bytes);
    *cell = slice_make(bytes, len);
    return (struct record){.cells = cell, .cell_count = 1, .values = values, .row = 7};
}

static void an_item_holds_a_copy_and_is_used_again(void **state)
{
    (void)state;
    struct task_pool pool = {0};
    struct value values[FIELD_MAX] = {0};
    char text[] = "first";
    struct slice cell = slice_from(text);
    const struct record record = {.cells = &cell, .cell_count = 1, .values = values, .row = 7};
    struct task *task = task_new(&pool, &record);
    memset(text, 'z', 5);
    assert_true(slice_is(task->record->cells[0], "first"));
    assert_int_equal(task->record->row, 7);
    assert_ptr_equal((struct task *)(void *)&task->delivery, task);
    assert_int_equal(pool.count, 1);
    task->attempts = 3;
    task->in_doubt = true;
    task_free(&pool, task);
    assert_int_equal(pool.count, 0);
    assert_int_equal(pool.bytes, 0);
    struct task *again = task_new(&pool, &record);
    assert_ptr_equal(again, task);
    assert_int_equal(again->attempts, 0);
    assert_false(again->in_doubt);
    task_free(&pool, again);
    task_pool_clear(&pool);
}

static void the_pool_is_full_when_its_bytes_are_used_up_and_has_room_again(void **state)
{
    (void)state;
    struct task_pool pool = {0};
    struct value values[FIELD_MAX] = {0};
    struct slice cell;
    struct record record = record_of(&cell, values, 1 << 20);
    struct task *tasks[16] = {NULL};
    size_t count = 0;
    while (task_pool_has_capacity(&pool)) {
        assert_true(count < 16);
        tasks[count++] = task_new(&pool, &record);
    }
    assert_in_range(count, 7, 8);
    task_free(&pool, tasks[--count]);
    assert_true(task_pool_has_capacity(&pool));
    while (count)
        task_free(&pool, tasks[--count]);
    task_pool_clear(&pool);
}

static void those_that_wait_go_in_the_order_of_their_time(void **state)
{
    (void)state;
    static struct task tasks[ITEMS];
    struct backoff_queue waiting = {0};
    uint64_t seed = 1, last = 0;
    assert_int_equal(backoff_queue_next_ns(&waiting), UINT64_MAX);
    assert_null(backoff_queue_pop(&waiting));
    for (size_t i = 0; i < ITEMS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        tasks[i].due_ns = seed >> 56; /* many are equal */
        backoff_queue_add(&waiting, &tasks[i]);
        if (i % 3 == 2) {
            uint64_t next = backoff_queue_next_ns(&waiting);
            struct task *first = backoff_queue_pop(&waiting);
            assert_int_equal(first->due_ns, next);
            backoff_queue_add(&waiting, first);
        }
    }
    for (size_t i = 0; i < ITEMS; i++) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_holds_a_copy_and_is_used_again),
        cmocka_unit_test(the_pool_is_full_when_its_bytes_are_used_up_and_has_room_again),
        cmocka_unit_test(those_that_wait_go_in_the_order_of_their_time),
        cmocka_unit_test(a_list_gives_first_what_came_first),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("task", tests, NULL, NULL);
}
