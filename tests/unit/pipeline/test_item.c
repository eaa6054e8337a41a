/* item: the pool with its bound, the heap of those that wait, the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/item.h"

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
    struct item_pool pool = {0};
    struct value values[FIELD_MAX] = {0};
    char text[] = "first";
    struct slice cell = slice_from(text);
    const struct record record = {.cells = &cell, .cell_count = 1, .values = values, .row = 7};
    struct item *item = item_new(&pool, &record);
    memset(text, 'z', 5);
    assert_true(slice_is(item->record->cells[0], "first"));
    assert_int_equal(item->record->row, 7);
    assert_ptr_equal((struct item *)(void *)&item->delivery, item);
    assert_int_equal(pool.count, 1);
    item->attempts = 3;
    item->in_doubt = true;
    item_free(&pool, item);
    assert_int_equal(pool.count, 0);
    assert_int_equal(pool.bytes, 0);
    struct item *again = item_new(&pool, &record);
    assert_ptr_equal(again, item);
    assert_int_equal(again->attempts, 0);
    assert_false(again->in_doubt);
    item_free(&pool, again);
    item_pool_clear(&pool);
}

static void the_pool_is_full_when_its_bytes_are_used_up_and_has_room_again(void **state)
{
    (void)state;
    struct item_pool pool = {0};
    struct value values[FIELD_MAX] = {0};
    struct slice cell;
    struct record record = record_of(&cell, values, 1 << 20);
    struct item *items[16] = {NULL};
    size_t count = 0;
    while (item_pool_has_capacity(&pool)) {
        assert_true(count < 16);
        items[count++] = item_new(&pool, &record);
    }
    assert_in_range(count, 7, 8);
    item_free(&pool, items[--count]);
    assert_true(item_pool_has_capacity(&pool));
    while (count)
        item_free(&pool, items[--count]);
    item_pool_clear(&pool);
}

static void those_that_wait_go_in_the_order_of_their_time(void **state)
{
    (void)state;
    static struct item items[ITEMS];
    struct waiting waiting = {0};
    uint64_t seed = 1, last = 0;
    assert_int_equal(waiting_next_ns(&waiting), UINT64_MAX);
    assert_null(waiting_take(&waiting));
    for (size_t i = 0; i < ITEMS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        items[i].due_ns = seed >> 56; /* many are equal */
        waiting_put(&waiting, &items[i]);
        if (i % 3 == 2) {
            uint64_t next = waiting_next_ns(&waiting);
            struct item *first = waiting_take(&waiting);
            assert_int_equal(first->due_ns, next);
            waiting_put(&waiting, first);
        }
    }
    for (size_t i = 0; i < ITEMS; i++) {
        struct item *item = waiting_take(&waiting);
        assert_non_null(item);
        assert_true(item->due_ns >= last);
        last = item->due_ns;
        assert_int_equal(item->attempts++, 0); /* each once */
    }
    assert_null(waiting_take(&waiting));
    waiting_clear(&waiting);
}

static void a_list_gives_first_what_came_first(void **state)
{
    (void)state;
    struct item items[3] = {0};
    struct fifo list = {0};
    assert_null(FIFO_POP(&list, struct item));
    for (int round = 0; round < 2; round++) {
        fifo_append(&list, &items[0].link);
        fifo_append(&list, &items[1].link);
        assert_ptr_equal(FIFO_POP(&list, struct item), &items[0]);
        fifo_append(&list, &items[2].link);
        assert_int_equal(list.count, 2);
        assert_ptr_equal(FIFO_POP(&list, struct item), &items[1]);
        assert_ptr_equal(FIFO_POP(&list, struct item), &items[2]);
        assert_null(FIFO_POP(&list, struct item));
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
    return cmocka_run_group_tests_name("item", tests, NULL, NULL);
}
