/* changes: what an update sends of a row, what it cannot send, and what an answer left out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dispatch/changes.h"
#include "ledger/ledger_apply.h"
#include "provider/provider_table.h"
#include "unit/provider/members.h"
#include "unit/provider/records.h"

enum { MEMBERS = 3, LEN = MEMBERS * FINGERPRINT_MEMBER_LEN };

static const struct provider_fields fields = {.slot_count = MEMBERS};

/* One letter a member, `?` LEDGER_MEMBER_UNKNOWN; NULL: nothing is stored. */
static struct slice digests(const char *letters, char bytes[LEN])
{
    for (size_t i = 0; letters && i < MEMBERS; i++)
        memset(bytes + i * FINGERPRINT_MEMBER_LEN, letters[i] == '?' ? LEDGER_MEMBER_UNKNOWN : letters[i],
               FINGERPRINT_MEMBER_LEN);
    return slice_make(bytes, letters ? LEN : 0);
}

static void members_are_sent_again_once(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *known, *pending, *before;
        uint64_t sent, left_out, again, warned;
    } examples[] = {
        {"nothing is left out", "abc", "xbc", NULL, 1, 0, 0, 0},
        {"a member for the first time", "abc", "xyc", NULL, 3, 1, 1, 1},
        {"all of them", "abc", "xyc", NULL, 3, 3, 3, 3},
        {"again, with the same value", "abc", "xbc", "x??", 1, 1, 0, 1},
        {"again, with another value", "abc", "zbc", "x??", 1, 1, 1, 1},
        {"one again, another for the first time", "abc", "xyc", "x??", 3, 3, 2, 3},
        {"the other one was left out before", "abc", "xyc", "?y?", 1, 1, 1, 1},
        {"an update in doubt: an empty list, so it had landed", "??c", "xyc", NULL, 3, 3, 0, 0},
        {"one of the members is named, so it had not: the other is not taken", "??c", "xyc", NULL, 3, 2, 2,
         2},
        {"it had landed, and what was new beside it is not taken", "a?c", "xyc", NULL, 3, 3, 1, 1},
        {"it had landed, and what was new beside it is", "a?c", "xyc", NULL, 3, 2, 0, 0},
        {"left out before, and in doubt since: it had landed", "?bc", "xbc", "x??", 1, 1, 0, 0},
        {"an adopted user: what it has is not known", NULL, "xyz", NULL, 7, 6, 0, 0},
        {"an adopted user, and an empty list", NULL, "xyz", NULL, 7, 7, 0, 0},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char known[LEN], pending[LEN], before[LEN];
        const struct ledger_customer customer = {
            .member_digests = digests(examples[i].known, known),
            .pending_member_digests = digests(examples[i].pending, pending),
            .left_out = digests(examples[i].before, before),
        };
        struct changes_left_out evaluated;
        changes_evaluate_left_out(&fields, &customer, examples[i].sent, examples[i].left_out, &evaluated);
        if (evaluated.again != examples[i].again || evaluated.warned != examples[i].warned)
            fail_msg("%s: again %d, warned %d", examples[i].sentence, (int)evaluated.again,
                     (int)evaluated.warned);
    }
}

/* What a provider lets an update do with each member, in the words of its documentation: sent, and cleared by
 * null; sent, and kept when its value went away; never sent. */
enum ability { CLEARED = 'n', KEPT = 'k', IMMUTABLE = 'i' };

static const struct ability_table {
    const char *provider;
    struct {
        const char *member;
        enum ability ability;
    } members[PROVIDER_MEMBERS_MAX];
} ability_tables[] = {
    {"payward",
     {{"email", IMMUTABLE},
      {"external_reference", IMMUTABLE},
      {"full_name", KEPT},
      {"birth", KEPT},
      {"residence", KEPT},
      {"phone", CLEARED},
      {"nationalities", CLEARED},
      {"occupation", CLEARED},
      {"employer_name", CLEARED},
      {"tax_ids", CLEARED},
      {"language", CLEARED},
      {"client_identifier", KEPT}}},
    {"kraken-embed",
     {{"email", IMMUTABLE},
      {"external_id", IMMUTABLE},
      {"tos_version_accepted", KEPT},
      {"full_name", KEPT},
      {"date_of_birth", KEPT},
      {"city_of_birth", KEPT},
      {"country_of_birth", KEPT},
      {"residence", KEPT},
      {"phone", CLEARED},
      {"nationalities", CLEARED},
      {"occupation", CLEARED},
      {"employer_name", CLEARED},
      {"client_identifier", KEPT},
      {"tax_ids", CLEARED},
      {"language", CLEARED}}},
    /* Of kira: all others are KEPT. */
    {"kira", {{"type", IMMUTABLE}, {"external_id", IMMUTABLE}}},
};

enum { ABILITY_TABLES = sizeof ability_tables / sizeof *ability_tables };

static enum ability ability_of(const struct ability_table *table, const char *member)
{
    for (size_t i = 0; table->members[i].member; i++)
        if (strcmp(table->members[i].member, member) == 0)
            return table->members[i].ability;
    if (strcmp(table->provider, "kira") != 0)
        fail_msg("%s: a new member `%s`: give it its ability here", table->provider, member);
    return KEPT;
}

/* A row of a provider with a value of every field, and its digests. */
struct world {
    const struct ability_table *abilities;
    const struct provider *provider;
    struct fingerprint *fingerprint;
    struct sample sample;
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN];
    size_t member_count;
};

static const uint8_t fingerprint_key[FINGERPRINT_KEY_LEN] = {7};

static void digest_row(struct world *world)
{
    fingerprint_record(world->fingerprint, &world->sample.record, world->sample.record.digest);
    fingerprint_members(world->fingerprint, &world->sample.record, world->members);
}

static void world_open(struct world *world, const struct ability_table *abilities)
{
    *world = (struct world){.abilities = abilities, .provider = provider_find(abilities->provider)};
    world->fingerprint = fingerprint_new(fingerprint_key, world->provider->fields);
    world->member_count = world->provider->fields->slot_count;
    for (enum field_id field = 0; field < FIELD_COUNT; field++)
        if (provider_fields_find(world->provider->fields, field))
            sample_set(&world->sample, field, field_name(field));
    digest_row(world);
}

/* The row has no value of this member any more. */
static void remove_member(struct world *world, size_t member)
{
    for (enum field_id field = 0; field < FIELD_COUNT; field++) {
        const struct provider_field *row = provider_fields_find(world->provider->fields, field);
        if (row && row->slot == member)
            world->sample.values[field].state = VALUE_ABSENT;
    }
    digest_row(world);
}

static void restore_members(struct world *world)
{
    for (enum field_id field = 0; field < FIELD_COUNT; field++)
        if (provider_fields_find(world->provider->fields, field))
            world->sample.values[field].state = VALUE_PRESENT;
    digest_row(world);
}

/* Without a value in these rows: members of the job's own fields. */
static bool is_given(const struct world *world, size_t member)
{
    return !fingerprint_member_is(world->members + member * FINGERPRINT_MEMBER_LEN,
                                  FINGERPRINT_MEMBER_ABSENT);
}

/* One member's digest beside those of the row. */
enum stored {
    OURS,    /* as the row's */
    OTHER,   /* of another value */
    ANOTHER, /* of a third */
    UNKNOWN, /* LEDGER_MEMBER_UNKNOWN */
    NONE,    /* it had no value */
    MISSING, /* not stored, of no member: an adopted user */
};

struct stored_digests {
    uint8_t bytes[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN];
    struct slice members;
};

static void store(const struct world *world, size_t member, enum stored stored,
                  struct stored_digests *digests)
{
    static const uint8_t fills[] = {[OTHER] = 0x11,
                                    [ANOTHER] = 0x22,
                                    [UNKNOWN] = LEDGER_MEMBER_UNKNOWN,
                                    [NONE] = FINGERPRINT_MEMBER_ABSENT};

    memcpy(digests->bytes, world->members, sizeof digests->bytes);
    if (stored != OURS && stored != MISSING)
        memset(digests->bytes + member * FINGERPRINT_MEMBER_LEN, fills[stored], FINGERPRINT_MEMBER_LEN);
    digests->members = slice_make((const char *)digests->bytes,
                                  stored == MISSING ? 0 : world->member_count * FINGERPRINT_MEMBER_LEN);
}

enum operations { NO_UPDATE, OPEN_UPDATE, REFUSED_UPDATE };

/* What becomes of a member that may be cleared, that may be sent, that may not be sent. */
enum fate {
    UNCHANGED,
    SENT,
    STAYS,   /* not_cleared */
    BLOCKED, /* immutable */
    CANNOT_BE,
};

static const struct find_case {
    const char *sentence;
    bool is_removed; /* from the row */
    enum stored acknowledged;
    enum operations update;
    enum stored pending;
    enum fate cleared, kept, immutable;
} find_cases[] = {
    {"the same", false, OURS, NO_UPDATE, OURS, UNCHANGED, UNCHANGED, UNCHANGED},
    {"another value", false, OTHER, NO_UPDATE, OURS, SENT, SENT, BLOCKED},
    {"a value where there was none", false, NONE, NO_UPDATE, OURS, SENT, SENT, BLOCKED},
    {"a value that went away", true, OTHER, NO_UPDATE, OURS, SENT, STAYS, BLOCKED},
    {"never a value", true, NONE, NO_UPDATE, OURS, UNCHANGED, UNCHANGED, UNCHANGED},
    {"what the provider has is not known", false, UNKNOWN, NO_UPDATE, OURS, SENT, SENT, CANNOT_BE},
    {"not known, and it went away", true, UNKNOWN, NO_UPDATE, OURS, SENT, STAYS, CANNOT_BE},
    {"an update in doubt to another value", false, OURS, OPEN_UPDATE, OTHER, SENT, SENT, CANNOT_BE},
    {"an update in doubt to the row's value", false, OTHER, OPEN_UPDATE, OURS, SENT, SENT, CANNOT_BE},
    {"an update in doubt between two others", false, OTHER, OPEN_UPDATE, ANOTHER, SENT, SENT, CANNOT_BE},
    {"an update in doubt that left it alone", false, OURS, OPEN_UPDATE, OURS, UNCHANGED, UNCHANGED,
     UNCHANGED},
    {"an update in doubt beside it", false, OTHER, OPEN_UPDATE, OTHER, SENT, SENT, BLOCKED},
    {"an update in doubt that cleared it", true, OTHER, OPEN_UPDATE, NONE, SENT, STAYS, CANNOT_BE},
    {"an update in doubt that gave it a value, which went away", true, NONE, OPEN_UPDATE, OTHER, SENT, STAYS,
     CANNOT_BE},
    {"a refused update to another value", false, OURS, REFUSED_UPDATE, OTHER, UNCHANGED, UNCHANGED,
     CANNOT_BE},
    {"a refused update to the row's value", false, OTHER, REFUSED_UPDATE, OURS, SENT, SENT, CANNOT_BE},
    {"a refused update beside it", false, OTHER, REFUSED_UPDATE, OTHER, SENT, SENT, BLOCKED},
};

static uint64_t bit_if(bool condition, size_t member)
{
    return condition ? UINT64_C(1) << member : 0;
}

static void fail_case(const char *sentence, const struct world *world, size_t member, const char *what)
{
    fail_msg("%s (%s, %s): %s", sentence, world->provider->name,
             members_name(world->provider->fields, member), what);
}

static void check_find(struct world *world, const struct find_case *expected, size_t member)
{
    enum ability ability = ability_of(world->abilities, members_name(world->provider->fields, member));
    enum fate fate = ability == CLEARED ? expected->cleared
                     : ability == KEPT  ? expected->kept
                                        : expected->immutable;
    struct stored_digests acknowledged, pending;
    struct changes changes;

    if (fate == CANNOT_BE)
        return;
    if (expected->is_removed)
        remove_member(world, member);
    store(world, member, expected->acknowledged, &acknowledged);
    store(world, member, expected->pending, &pending);
    const struct ledger_customer customer = {
        .operation = expected->update == NO_UPDATE ? OPERATION_CREATE : OPERATION_UPDATE,
        .first_sent_at = expected->update == OPEN_UPDATE,
        .member_digests = acknowledged.members,
        .pending_member_digests = expected->update == NO_UPDATE ? slice_make(NULL, 0) : pending.members,
    };
    memset(&changes, 0xa5, sizeof changes);
    changes_find(world->provider, world->fingerprint, &world->sample.record, &customer, &changes);
    if (changes.send != bit_if(fate == SENT, member))
        fail_case(expected->sentence, world, member, fate == SENT ? "it alone is sent" : "nothing is sent");
    if (changes.not_cleared != bit_if(fate == STAYS, member))
        fail_case(expected->sentence, world, member, "what cannot be cleared");
    enum field_id field = changes_field_of(world->provider->fields, member);
    if (changes.immutable != (fate == BLOCKED ? field : FIELD_NONE) || field == FIELD_NONE)
        fail_case(expected->sentence, world, member, "what cannot be sent");
    if (changes.repeats != 0)
        fail_case(expected->sentence, world, member, "nothing is a repeat");
    /* Journalled is what the provider has once it says yes. */
    bool stays = fate == STAYS || fate == BLOCKED;
    const uint8_t *want = stays ? acknowledged.bytes : world->members;
    if (memcmp(changes.members, want, world->member_count * FINGERPRINT_MEMBER_LEN) != 0)
        fail_case(expected->sentence, world, member, "the digests to be journalled");
    if ((memcmp(changes.digest, world->sample.record.digest, FINGERPRINT_LEN) == 0) == stays)
        fail_case(expected->sentence, world, member, "the digest is the row's when all of it will be there");
    restore_members(world);
}

static void a_member_is_sent_when_it_differs_from_what_the_provider_has_or_may_have(void **state)
{
    (void)state;
    for (size_t i = 0; i < ABILITY_TABLES; i++) {
        struct world world;
        world_open(&world, &ability_tables[i]);
        for (size_t member = 0; member < world.member_count; member++)
            for (size_t j = 0; is_given(&world, member) && j < sizeof find_cases / sizeof *find_cases; j++)
                check_find(&world, &find_cases[j], member);
        fingerprint_free(world.fingerprint);
    }
}

static void of_a_user_whose_data_are_not_known_every_value_is_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < ABILITY_TABLES; i++) {
        struct world world;
        struct changes changes;
        uint64_t want = 0;
        world_open(&world, &ability_tables[i]);
        size_t removed = world.member_count - 1;
        while (!is_given(&world, removed))
            removed--;
        remove_member(&world, removed); /* of what is not there nothing is known: it is not cleared */
        for (size_t member = 0; member < world.member_count; member++)
            want |= bit_if(is_given(&world, member) &&
                               ability_of(&ability_tables[i], members_name(world.provider->fields, member)) !=
                                   IMMUTABLE,
                           member);
        changes_find(world.provider, world.fingerprint, &world.sample.record,
                     &(struct ledger_customer){.id = 1}, &changes);
        assert_int_equal(changes.send, want);
        assert_int_equal(changes.immutable, FIELD_NONE);
        assert_int_equal(changes.not_cleared, 0);
        assert_memory_equal(changes.digest, world.sample.record.digest, FINGERPRINT_LEN);
        fingerprint_free(world.fingerprint);
    }
}

/* An older version stored fewer: the new one is sent, the others are as they were. */
static void a_member_that_the_ledger_does_not_have_yet_is_sent(void **state)
{
    (void)state;
    struct world world;
    struct changes changes;

    world_open(&world, &ability_tables[0]);
    size_t last = world.member_count - 1;
    const struct ledger_customer customer = {
        .member_digests = slice_make((const char *)world.members, last * FINGERPRINT_MEMBER_LEN)};
    changes_find(world.provider, world.fingerprint, &world.sample.record, &customer, &changes);
    assert_int_equal(changes.send, UINT64_C(1) << last);
    fingerprint_free(world.fingerprint);
}

static void several_changes_are_one_update_and_the_first_that_cannot_be_sent_is_named(void **state)
{
    (void)state;
    struct world world;
    struct changes changes, again;

    world_open(&world, &ability_tables[0]);
    struct stored_digests stored;
    store(&world, 0, OTHER, &stored);                                             /* email */
    memset(stored.bytes + 1 * FINGERPRINT_MEMBER_LEN, 1, FINGERPRINT_MEMBER_LEN); /* external_reference */
    memset(stored.bytes + 2 * FINGERPRINT_MEMBER_LEN, 1, FINGERPRINT_MEMBER_LEN); /* full_name */
    memset(stored.bytes + 5 * FINGERPRINT_MEMBER_LEN, 1, FINGERPRINT_MEMBER_LEN); /* phone */
    const struct ledger_customer customer = {.member_digests = stored.members};
    changes_find(world.provider, world.fingerprint, &world.sample.record, &customer, &changes);
    assert_int_equal(changes.send, UINT64_C(1) << 2 | UINT64_C(1) << 5);
    assert_int_equal(changes.immutable, FIELD_EMAIL);
    /* The same row has the same digest, so that its refusal is recognized; what was sent is part of it. */
    changes_find(world.provider, world.fingerprint, &world.sample.record, &customer, &again);
    assert_memory_equal(changes.digest, again.digest, FINGERPRINT_LEN);
    memcpy(stored.bytes + 5 * FINGERPRINT_MEMBER_LEN, world.members + 5 * FINGERPRINT_MEMBER_LEN,
           FINGERPRINT_MEMBER_LEN);
    changes_find(world.provider, world.fingerprint, &world.sample.record, &customer, &again);
    assert_int_equal(again.send, UINT64_C(1) << 2);
    assert_memory_not_equal(changes.digest, again.digest, FINGERPRINT_LEN);
    fingerprint_free(world.fingerprint);
}

static void what_was_left_out_with_this_value_is_a_repeat(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        enum stored acknowledged, left_out;
        bool is_sent, is_repeat;
    } cases[] = {
        {"left out with this value", OTHER, OURS, true, true},
        {"left out with another value", OTHER, ANOTHER, true, false},
        {"it was another member", OTHER, UNKNOWN, true, false},
        {"nothing was left out", OTHER, MISSING, true, false},
        {"it is there by now", OURS, OURS, false, false},
    };
    struct world world;

    world_open(&world, &ability_tables[2]);
    size_t member = provider_fields_find(world.provider->fields, FIELD_PHONE)->slot;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stored_digests acknowledged, left_out;
        struct changes changes;
        store(&world, member, cases[i].acknowledged, &acknowledged);
        store(&world, member, cases[i].left_out, &left_out);
        for (size_t j = 0; j < world.member_count; j++) /* as the ledger has them: unknown but for its own */
            if (j != member)
                memset(left_out.bytes + j * FINGERPRINT_MEMBER_LEN, LEDGER_MEMBER_UNKNOWN,
                       FINGERPRINT_MEMBER_LEN);
        const struct ledger_customer customer = {.member_digests = acknowledged.members,
                                                 .left_out = left_out.members};
        changes_find(world.provider, world.fingerprint, &world.sample.record, &customer, &changes);
        if (changes.send != bit_if(cases[i].is_sent, member) ||
            changes.repeats != bit_if(cases[i].is_repeat, member))
            fail_msg("%s", cases[i].sentence);
    }
    fingerprint_free(world.fingerprint);
}

/* A provider whose body is not what it was: rows is what remains of it and what is new. */
struct other_body {
    struct provider provider;
    struct provider_fields fields;
    struct provider_field rows[64];
    struct fingerprint *fingerprint;
};

static void other_body_open(struct other_body *other, const struct world *world)
{
    other->provider = *world->provider;
    other->fields = *world->provider->fields;
    assert_true(other->fields.field_count < sizeof other->rows / sizeof *other->rows);
    memcpy(other->rows, other->fields.fields, other->fields.field_count * sizeof *other->rows);
    other->fields.fields = other->rows;
    other->provider.fields = &other->fields;
}

/* Finds the changes of a row that was stored with the body as it was. */
static void find_other(struct other_body *other, struct world *world, struct changes *changes)
{
    const struct ledger_customer customer = {
        .id = 1,
        .member_digests =
            slice_make((const char *)world->members, world->member_count * FINGERPRINT_MEMBER_LEN)};
    other->fingerprint = fingerprint_new(fingerprint_key, &other->fields);
    fingerprint_record(other->fingerprint, &world->sample.record, world->sample.record.digest);
    changes_find(&other->provider, other->fingerprint, &world->sample.record, &customer, changes);
    fingerprint_free(other->fingerprint);
}

static void a_member_in_the_middle_of_the_body_changes_nobody(void **state)
{
    (void)state;
    for (size_t i = 0; i < ABILITY_TABLES; i++) {
        struct world world;
        struct other_body other;
        struct changes changes;
        uint8_t digest[FINGERPRINT_LEN];
        world_open(&world, &ability_tables[i]);
        memcpy(digest, world.sample.record.digest, sizeof digest);
        other_body_open(&other, &world);
        for (size_t row = other.fields.field_count++; row > 1; row--)
            other.rows[row] = other.rows[row - 1];
        other.rows[1] = (struct provider_field){.field = FIELD_COMPANY_NAME,
                                                .member = "company",
                                                .slot = (uint16_t)other.fields.slot_count++,
                                                .update = UPDATE_CLEAR};

        find_other(&other, &world, &changes);
        assert_memory_equal(world.sample.record.digest, digest, sizeof digest);
        assert_memory_equal(changes.digest, digest, sizeof digest);
        assert_memory_equal(changes.members, world.members, world.member_count * FINGERPRINT_MEMBER_LEN);
        assert_int_equal(changes.send, 0);
        assert_int_equal(changes.immutable, FIELD_NONE);
        assert_int_equal(changes.not_cleared, 0);

        sample_set(&world.sample, FIELD_COMPANY_NAME, "Example Ltd");
        find_other(&other, &world, &changes);
        assert_int_equal(changes.send, UINT64_C(1) << world.member_count);
        fingerprint_free(world.fingerprint);
    }
}

/* Its slot stays empty, since no other member may have it. */
static void a_member_that_the_body_no_longer_has_keeps_its_digest(void **state)
{
    (void)state;
    for (size_t i = 0; i < ABILITY_TABLES; i++) {
        struct world world;
        struct other_body other;
        struct changes changes;
        world_open(&world, &ability_tables[i]);
        other_body_open(&other, &world);
        size_t count = 0;
        for (size_t row = 0; row < other.fields.field_count; row++)
            if (other.rows[row].field != FIELD_PHONE)
                other.rows[count++] = other.rows[row];
        other.fields.field_count = count;

        find_other(&other, &world, &changes);
        assert_memory_equal(changes.members, world.members, world.member_count * FINGERPRINT_MEMBER_LEN);
        assert_int_equal(changes.send, 0);
        assert_int_equal(changes.immutable, FIELD_NONE);
        assert_int_equal(changes.not_cleared, 0);
        fingerprint_free(world.fingerprint);
    }
}

/* The user of a create in doubt may have the journalled value or the row's. */
static const struct {
    const char *sentence;
    bool is_removed;
    enum stored journalled;
    bool differs;
} supersede_cases[] = {
    {"as it was journalled", false, OURS, false},          {"another value", false, OTHER, true},
    {"a value where there was none", false, NONE, true},   {"a value that went away", true, OTHER, true},
    {"changed for the second time", false, UNKNOWN, true},
};

static void check_supersede(struct world *world, size_t i, size_t member)
{
    bool is_immutable =
        ability_of(world->abilities, members_name(world->provider->fields, member)) == IMMUTABLE;
    bool differs = supersede_cases[i].differs;
    struct stored_digests journalled;
    struct changes changes;
    uint8_t want[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN];

    if (supersede_cases[i].is_removed)
        remove_member(world, member);
    store(world, member, supersede_cases[i].journalled, &journalled);
    memcpy(want, world->members, sizeof want);
    if (differs)
        memset(want + member * FINGERPRINT_MEMBER_LEN, LEDGER_MEMBER_UNKNOWN, FINGERPRINT_MEMBER_LEN);
    const struct ledger_customer customer = {
        .operation = OPERATION_CREATE, .first_sent_at = 1, .pending_member_digests = journalled.members};
    memset(&changes, 0xa5, sizeof changes);
    changes_supersede(world->provider, world->fingerprint, &world->sample.record, &customer, &changes);
    if (changes.send != bit_if(differs, member))
        fail_case(supersede_cases[i].sentence, world, member, "the members that differ");
    if ((changes.immutable != FIELD_NONE) != (differs && is_immutable))
        fail_case(supersede_cases[i].sentence, world, member, "what an update could not set right");
    if (memcmp(changes.members, want, world->member_count * FINGERPRINT_MEMBER_LEN) != 0)
        fail_case(supersede_cases[i].sentence, world, member, "what differs is unknown, the rest the row's");
    if (memcmp(changes.digest, world->sample.record.digest, FINGERPRINT_LEN) == 0)
        fail_case(supersede_cases[i].sentence, world, member, "the digest is no row's");
    restore_members(world);
}

static void a_create_in_doubt_with_a_changed_row_makes_what_differs_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < ABILITY_TABLES; i++) {
        struct world world;
        world_open(&world, &ability_tables[i]);
        for (size_t member = 0; member < world.member_count; member++)
            for (size_t j = 0;
                 is_given(&world, member) && j < sizeof supersede_cases / sizeof *supersede_cases; j++)
                check_supersede(&world, j, member);
        fingerprint_free(world.fingerprint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_sent_again_once),
        cmocka_unit_test(a_member_is_sent_when_it_differs_from_what_the_provider_has_or_may_have),
        cmocka_unit_test(of_a_user_whose_data_are_not_known_every_value_is_sent),
        cmocka_unit_test(a_member_that_the_ledger_does_not_have_yet_is_sent),
        cmocka_unit_test(several_changes_are_one_update_and_the_first_that_cannot_be_sent_is_named),
        cmocka_unit_test(what_was_left_out_with_this_value_is_a_repeat),
        cmocka_unit_test(a_create_in_doubt_with_a_changed_row_makes_what_differs_unknown),
        cmocka_unit_test(a_member_in_the_middle_of_the_body_changes_nobody),
        cmocka_unit_test(a_member_that_the_body_no_longer_has_keeps_its_digest),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
