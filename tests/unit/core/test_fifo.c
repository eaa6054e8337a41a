#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/fifo.h"

struct number {
    int value;
    struct fifo_link link;
};

/* Pops all of them: digits in their order. */
static int drain(struct fifo *fifo)
{
    int digits = 0;
    struct number *number;
    while ((number = FIFO_POP(fifo, struct number)))
        digits = digits * 10 + number->value;
    assert_null(fifo->first);
    assert_null(fifo->last);
    assert_int_equal(fifo->count, 0);
    return digits;
}

static void the_first_appended_is_the_first_popped(void **state)
{
    (void)state;
    struct number numbers[] = {{.value = 1}, {.value = 2}, {.value = 3}};
    struct fifo fifo = {0};
    assert_int_equal(drain(&fifo), 0);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 3; i++)
            fifo_append(&fifo, &numbers[i].link);
        assert_int_equal(fifo.count, 3);
        assert_int_equal(drain(&fifo), 123);
    }
}

static void a_prepended_item_is_popped_next(void **state)
{
    (void)state;
    struct number numbers[] = {{.value = 1}, {.value = 2}, {.value = 3}};
    struct fifo fifo = {0};
    fifo_prepend(&fifo, &numbers[1].link);
    fifo_append(&fifo, &numbers[2].link);
    fifo_prepend(&fifo, &numbers[0].link);
    assert_int_equal(drain(&fifo), 123);
}

static void a_list_is_moved_behind_another(void **state)
{
    (void)state;
    struct number numbers[] = {{.value = 1}, {.value = 2}, {.value = 3}, {.value = 4}};
    struct fifo fifo = {0}, more = {0}, none = {0};
    fifo_append_all(&fifo, &none);
    assert_int_equal(fifo.count, 0);
    fifo_append(&more, &numbers[0].link);
    fifo_append(&more, &numbers[1].link);
    fifo_append_all(&fifo, &more);
    assert_int_equal(drain(&more), 0);
    fifo_append(&more, &numbers[2].link);
    fifo_append_all(&fifo, &more);
    fifo_append_all(&fifo, &none);
    fifo_append(&fifo, &numbers[3].link);
    assert_int_equal(fifo.count, 4);
    assert_int_equal(drain(&fifo), 1234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_appended_is_the_first_popped),
        cmocka_unit_test(a_prepended_item_is_popped_next),
        cmocka_unit_test(a_list_is_moved_behind_another),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fifo", tests, NULL, NULL);
}
