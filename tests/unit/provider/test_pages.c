/* The providers' pages, as pages/ has their lists, against the tables and the bodies of the program: a word
 * that either side lacks fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/json.h"
#include "model/country.h"
#include "provider/kira.h"
#include "provider/kraken_embed.h"
#include "provider/payso.h"
#include "provider/payward.h"
#include "unit/job_parts.h"
#include "unit/page.h"
#include "unit/provider/golden_records.h"
#include "unit/provider/members.h"

enum { BODY_MAX = 64 * 1024, NAMES_MAX = 400 };

/* A list of words, such as the names of an object's members. */
struct names {
    const char *words[NAMES_MAX + 1];
    size_t count;
    struct arena arena;
};

static void names_begin(struct names *names)
{
    memset(names, 0, sizeof *names);
    arena_init(&names->arena, 4096);
}

static void names_add(struct names *names, struct slice word)
{
    assert_true(names->count < NAMES_MAX);
    names->words[names->count++] = arena_copy(&names->arena, word).data;
}

/* What a create or update with these values sends: members, at the top or below a path. */
static void names_of_body(struct names *names, const struct provider *provider, enum operation operation,
                          const struct golden_value *values, const char *path)
{
    const struct job job = {.provider = {JOB_SETTINGS(JOB_TEXT(SETTING_DOCUMENTS, "/"))}};
    struct sample sample;
    golden_fill(&sample, values);
    if (sample.values[FIELD_DOCUMENT_FRONT].state == VALUE_PRESENT)
        sample_set(&sample, FIELD_DOCUMENT_FRONT, "https://files.example.com/front.png");
    const struct provider_call call = {.operation = operation,
                                       .job = &job,
                                       .base_path = "",
                                       .user_id = "AA45N8G4MLDYWAR7",
                                       .record = &sample.record,
                                       .members = members_with(provider->fields, UPDATE_VALUE)};
    struct provider_request request = {.method = NULL};
    struct json_reader *reader = json_reader_new();
    struct json_fault fault;
    size_t count, index = 0;
    buffer_init(&request.body, BODY_MAX);
    assert_null(provider->build(&call, &request));
    const struct json_node *nodes = json_reader_parse(reader, buffer_slice(&request.body), &count, &fault);
    struct slice rest = slice_from(path), name;
    while (rest.len > 0 && slice_next_item(&rest, slice_from("."), &name)) {
        index = json_member(nodes, index, arena_copy(&names->arena, name).data);
        assert_true(index > 0);
        if (nodes[index].kind == JSON_ARRAY)
            index++;
    }
    for (size_t i = index + 1; i < nodes[index].end; i = nodes[i].end)
        names_add(names, nodes[i].key);
    json_reader_free(reader);
    buffer_clear(&request.body);
}

/* A list of members of the page, and where the body has them. */
struct members_case {
    const char *list, *path;
    const char *const *left_out; /* members of the page that are not sent; NULL: none */
    const char *const *added;    /* members that the example of the page does not have; NULL: none */
};

static void check_members(struct page *page, const struct provider *provider, enum operation operation,
                          const struct golden_value *values, const struct members_case *expected)
{
    static const char *const none[] = {NULL};
    const char *const *left_out = expected->left_out ? expected->left_out : none;
    const char *const *added = expected->added ? expected->added : none;
    struct names names, sent;
    names_begin(&names);
    names_begin(&sent);
    names_of_body(&sent, provider, operation, values, expected->path);
    for (size_t i = 0; i < sent.count; i++) {
        if (page_has_word(left_out, sent.words[i]))
            fail_msg("%s: %s is sent, and the test says that it is left out", page->file, sent.words[i]);
        if (!page_has_word(added, sent.words[i]))
            names_add(&names, slice_from(sent.words[i]));
    }
    for (; *left_out; left_out++)
        names_add(&names, slice_from(*left_out));
    for (; *added; added++)
        if (!page_has_word(sent.words, *added))
            fail_msg("%s: %s is not sent", page->file, *added);
    page_check_same(page, expected->list, names.words);
    arena_clear(&names.arena);
    arena_clear(&sent.arena);
}

/* The members that the program requires of everybody, or always sends. */
static void check_required(struct page *page, const struct provider *provider, const char *const *added)
{
    const struct provider_fields *fields = provider->fields;
    struct names names;
    names_begin(&names);
    for (size_t i = 0; i < fields->field_count; i++) {
        const struct provider_field *row = &fields->fields[i];
        bool is_required = row->required && (row->applies_to == PROVIDER_EVERYBODY || row->recommended);
        if (row->member && !row->copy && (is_required || row->form == PAYLOAD_CUSTOMER_TYPE) &&
            !page_has_word(names.words, row->member) && !(added && page_has_word(added, row->member)))
            names_add(&names, slice_from(row->member));
    }
    page_check_same(page, "required", names.words);
    arena_clear(&names.arena);
}

static void check_words(struct page *page, const char *list, const struct provider *provider,
                        enum field_id field)
{
    const struct provider_field *row = provider_fields_find(provider->fields, field);
    assert_non_null(row);
    assert_non_null(row->values);
    page_check_same(page, list, row->values);
}

/* ISO 3166-1 and the codes of the field's own. */
static void check_countries(struct page *page, const struct provider *provider, enum field_id field,
                            const char *length)
{
    const struct provider_field *row = provider_fields_find(provider->fields, field);
    struct names names;
    names_begin(&names);
    for (int first = 'A'; first <= 'Z'; first++)
        for (int second = 'A'; second <= 'Z'; second++) {
            const struct country *country =
                country_by_alpha2(slice_make((char[]){(char)first, (char)second}, 2));
            if (country && country_in_iso(country))
                names_add(&names, slice_from(country->alpha2));
        }
    assert_int_equal(names.count, 249);
    for (const char *const *code = row->extra_countries; *code; code++)
        names_add(&names, slice_from(*code));
    page_check_same(page, "nationalities", names.words);
    for (size_t i = 0; length && i < names.count; i++)
        assert_int_equal(strlen(names.words[i]), strtoul(page_word(page, length), NULL, 10));
    arena_clear(&names.arena);
}

/* `null` in an update, of the page and of the program. */
static void check_nullable(struct page *page, const struct provider *provider)
{
    struct names names;
    uint64_t members = members_with(provider->fields, UPDATE_CLEAR);
    names_begin(&names);
    for (size_t slot = 0; slot < provider->fields->slot_count; slot++)
        if (members >> slot & 1)
            names_add(&names, slice_from(members_name(provider->fields, slot)));
    page_check_same(page, "nullable", names.words);
    arena_clear(&names.arena);
}

/* The headers of a create, but for Content-Type. */
static void check_headers(struct page *page, const struct provider *provider, const char *const *added)
{
    struct job_credential items[JOB_PARTS_MAX];
    const struct job_credentials credentials =
        provider->is_signed
            ? job_parts_credentials(items, "api_key", "k", "api_secret", "a2V5", (char *)NULL)
            : job_parts_credentials(items, "api_key", "k", "client_id", "c", "password", "p", (char *)NULL);
    const struct job job = {.provider = {JOB_SETTINGS(JOB_TEXT(SETTING_VERSION_HEADER, "X-Api-Version"),
                                                      JOB_TEXT(SETTING_VERSION, "2026-04-14"))}};
    const struct provider_call call = {.operation = OPERATION_CREATE, .job = &job, .idempotency_key = "key"};
    struct provider_request request = {.method = "POST", .target = "/"};
    struct provider_headers headers = {.count = 0};
    struct provider_account *account = provider->account_new(&credentials);
    struct names names;
    names_begin(&names);
    buffer_init(&request.body, BODY_MAX);
    if (provider->has_login)
        assert_true(provider->read_token(account, slice_from("{\"data\":{\"access_token\":\"t\"}}")) > 0);
    provider->authenticate(account, 1, &call, &request, &headers);
    for (size_t i = 0; i < headers.count; i++) {
        struct slice name = slice_make(headers.lines[i], strcspn(headers.lines[i], ":"));
        if (!slice_is(name, "Content-Type") && !page_has_word(added, arena_copy(&names.arena, name).data))
            names_add(&names, name);
    }
    page_check_same(page, "headers", names.words);
    provider->account_free(account);
    buffer_clear(&request.body);
    arena_clear(&names.arena);
}

static void payward_create_is_the_page(void **state)
{
    (void)state;
    static const char *const middle[] = {"middle_name", NULL}, *const lines[] = {"line2", "province", NULL};
    static const char *const nothing[] = {NULL};
    static const char *const user[] = {"id", "accounts", NULL}, *const account[] = {"id", "name", NULL};
    static const struct members_case cases[] = {
        {"members", "", NULL, NULL},
        {"full_name members of the example", "full_name", NULL, middle},
        {"birth members of the example", "birth", NULL, NULL},
        {"residence members of the example", "residence", NULL, lines},
    };
    struct page *page = page_open("payward-create.txt");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_members(page, &payward_provider, OPERATION_CREATE, golden_signed, &cases[i]);
    check_required(page, &payward_provider, NULL);
    check_countries(page, &payward_provider, FIELD_NATIONALITIES, "nationalities length");
    check_words(page, "occupation", &payward_provider, FIELD_OCCUPATION);
    check_headers(page, &payward_provider, nothing);
    /* An absent member is left out of a create, so null is not needed: none of them is required. */
    static const char *const nullable[] = {"employer_name", "tax_ids", "language", NULL};
    page_check_same(page, "nullable", nullable);
    for (size_t i = 0; nullable[i]; i++)
        assert_false(provider_fields_named(payward_provider.fields, slice_from(nullable[i]))->required);
    page_find(page, "phone pattern"); /* tests/unit/rules/test_page_patterns.c */
    assert_string_equal(page_word(page, "response members"), "data");
    assert_string_equal(page_word(page, "response required"), "data");
    page_check_same(page, "response data members of the example", user);
    page_check_same(page, "response data.accounts members of the example", account);
    page_close(page);
}

static void payward_update_is_the_page(void **state)
{
    (void)state;
    static const char *const middle[] = {"middle_name", NULL};
    static const char *const nothing[] = {NULL};
    static const struct members_case cases[] = {
        {"members", "", NULL, NULL},
        {"full_name members of the example", "full_name", NULL, middle},
        {"birth members of the example", "birth", NULL, NULL},
    };
    struct page *page = page_open("payward-update.txt");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_members(page, &payward_provider, OPERATION_UPDATE, golden_signed, &cases[i]);
    check_nullable(page, &payward_provider);
    check_countries(page, &payward_provider, FIELD_NATIONALITIES, NULL);
    check_words(page, "occupation", &payward_provider, FIELD_OCCUPATION);
    check_headers(page, &payward_provider, nothing);
    const struct page_list *length = page_find(page, "user_id length");
    assert_int_equal(length->count, 2);
    assert_int_equal(strtoul(length->words[0], NULL, 10), payward_provider.user_id_min);
    assert_int_equal(strtoul(length->words[1], NULL, 10), payward_provider.user_id_max);
    page_find(page, "phone pattern"); /* tests/unit/rules/test_page_patterns.c */
    assert_string_equal(page_word(page, "response members"), "data");
    assert_string_equal(page_word(page, "response required"), "data");
    assert_string_equal(page_word(page, "response data"), "success"); /* test_payward.c reads it */
    page_close(page);
}

static const char *setting_standard(const struct provider *provider, const char *name)
{
    for (const struct provider_setting *setting = provider->settings; setting->name; setting++)
        if (strcmp(setting->name, name) == 0)
            return setting->standard;
    fail_msg("%s has no setting %s", provider->name, name);
    return NULL;
}

static void embed_create_is_the_page(void **state)
{
    (void)state;
    /* The page speaks of a nonce and of a version without the names of their headers. */
    static const char *const added[] = {"API-Nonce", "X-Api-Version", NULL};
    static const struct members_case cases[] = {
        {"members", "", NULL, NULL},
        {"full_name members", "full_name", NULL, NULL},
        {"residence members", "residence", NULL, NULL},
        {"client_identifier members", "client_identifier", NULL, NULL},
        {"tax_ids members", "tax_ids", NULL, NULL},
    };
    static const char *const result[] = {"result", NULL}, *const user[] = {"user", NULL};
    struct page *page = page_open("embed-create.txt");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_members(page, &kraken_embed_provider, OPERATION_CREATE, golden_signed, &cases[i]);
    check_words(page, "occupation", &kraken_embed_provider, FIELD_OCCUPATION);
    check_headers(page, &kraken_embed_provider, added);
    assert_string_equal(page_word(page, "version"),
                        setting_standard(&kraken_embed_provider, SETTING_VERSION));
    page_check_same(page, "response members of the example", result);
    page_check_same(page, "response result members of the example", user);
    page_find(page, "phone pattern"); /* tests/unit/rules/test_page_patterns.c */
    page_close(page);
}

static void check_bounds(struct page *page)
{
    static const struct {
        enum field_id field;
        const char *list;
    } cases[] = {{FIELD_ADDRESS_LINE1, "address_street max"}, {FIELD_ADDRESS_LINE2, "address_street_2 max"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(provider_fields_find(kira_provider.fields, cases[i].field)->max_chars,
                         strtoul(page_word(page, cases[i].list), NULL, 10));
    /* A required value is never empty. */
    assert_string_equal(page_word(page, "first_name min"), "1");
    assert_string_equal(page_word(page, "last_name min"), "1");
    assert_true(provider_fields_find(kira_provider.fields, FIELD_FIRST_NAME)->required);
    assert_true(provider_fields_find(kira_provider.fields, FIELD_LAST_NAME)->required);
    const struct country *country = country_by_alpha2(slice_from("MX"));
    assert_int_equal(strlen(country->alpha3), strtoul(page_word(page, "nationality length"), NULL, 10));
    assert_int_equal(provider_fields_find(kira_provider.fields, FIELD_NATIONALITIES)->form, PAYLOAD_ALPHA3);
    assert_int_equal(provider_fields_find(kira_provider.fields, FIELD_COUNTRY)->form, PAYLOAD_ALPHA3);
}

static void check_verification(struct page *page)
{
    struct names names;
    names_begin(&names);
    for (const struct provider_word *row = kira_provider.verification_words; row->member; row++)
        if (strcmp(row->member, "verification_status") == 0)
            names_add(&names, slice_from(row->word));
    page_check_same(page, "response verification_status", names.words);
    assert_int_equal(provider_verification(
                         &kira_provider, slice_from(page_word(page, "response verification_status default"))),
                     VERIFICATION_PENDING);
    arena_clear(&names.arena);
}

/* Every member of a reply that the program reads is on the page; those of the address have one object. */
static void check_kira_reply(struct page *page)
{
    static const char *const read[] = {
        "id",         "email",     "status",     "verification_status", "metadata",
        "first_name", "last_name", "birth_date", "residential_address", NULL};
    static const char *const required[] = {"id", "type", "email", "status", "created_at", "updated_at", NULL};
    /* Of what else a user has: of businesses, echoes of the request, and times. */
    static const char *const not_read[] = {"type",
                                           "created_at",
                                           "updated_at",
                                           "verification_mode",
                                           "middle_name",
                                           "phone",
                                           "nationality",
                                           "gender",
                                           "formation_country",
                                           "company_name",
                                           "business_type",
                                           "business_trade_name",
                                           "business_description",
                                           "business_industry",
                                           "signed_agreement_id",
                                           "registered_address",
                                           "physical_address",
                                           "has_material_intermediary_ownership",
                                           "account_purpose",
                                           "source_of_funds",
                                           NULL};
    /* Of the example alone. */
    static const char *const links[] = {"verification_link", "verification_link_error", "business_legal_name",
                                        NULL};
    static const char *const not_in_example[] = {"type", "gender", NULL};
    static const char *const prefix = "residential_address.";
    struct names names, example, address;
    names_begin(&names);
    names_begin(&example);
    names_begin(&address);
    for (size_t i = 0; read[i]; i++)
        names_add(&names, slice_from(read[i]));
    for (size_t i = 0; not_read[i]; i++)
        names_add(&names, slice_from(not_read[i]));
    page_check_same(page, "response members", names.words);
    page_check_same(page, "response required", required);
    for (size_t i = 0; i < names.count; i++)
        if (!page_has_word(not_in_example, names.words[i]))
            names_add(&example, slice_from(names.words[i]));
    for (size_t i = 0; links[i]; i++)
        names_add(&example, slice_from(links[i]));
    page_check_same(page, "response members of the example", example.words);
    for (size_t i = 0; i < kira_provider.fields->field_count; i++) {
        const char *name = kira_provider.fields->fields[i].reply_name;
        if (name && strncmp(name, prefix, strlen(prefix)) == 0)
            names_add(&address, slice_from(name + strlen(prefix)));
    }
    page_check_same(page, "response residential_address members", address.words);
    arena_clear(&names.arena);
    arena_clear(&example.arena);
    arena_clear(&address.arena);
}

static void kira_create_is_the_page(void **state)
{
    (void)state;
    /* `status` is for the provider's users; `residential_address` says the same as the flat members; the
     * page gives no shape for `documents`. */
    static const char *const left_out[] = {"status", "residential_address", "documents", NULL};
    /* Of the example of the page; the page's list of members does not have them. */
    static const char *const added[] = {"document_type", "document_number", "document_country", NULL};
    static const char *const key[] = {"external_id", NULL}, *const nothing[] = {NULL};
    static const struct {
        const char *list;
        enum field_id field;
    } words[] = {
        {"type", FIELD_CUSTOMER_TYPE},
        {"verification_mode", FIELD_VERIFICATION_MODE},
        {"language", FIELD_LANGUAGE},
        {"gender", FIELD_GENDER},
        {"response gender", FIELD_GENDER},
        {"source_of_funds", FIELD_SOURCE_OF_FUNDS},
        {"account_purpose", FIELD_ACCOUNT_PURPOSE},
        {"expected_monthly_volume", FIELD_EXPECTED_MONTHLY_VOLUME},
        {"expected_transaction_count", FIELD_EXPECTED_TRANSACTION_COUNT},
        {"employment_status", FIELD_EMPLOYMENT_STATUS},
    };
    static const struct members_case cases[] = {
        {"members", "", left_out, added},
        {"identifying_information members of the example", "identifying_information", NULL, NULL},
        {"identifying_information.documents members of the example", "identifying_information.documents",
         NULL, NULL},
    };
    struct page *page = page_open("kira-create.txt");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_members(page, &kira_provider, OPERATION_CREATE, golden_kira, &cases[i]);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        check_words(page, words[i].list, &kira_provider, words[i].field);
    check_required(page, &kira_provider, key);
    check_headers(page, &kira_provider, nothing);
    check_bounds(page);
    check_verification(page);
    check_kira_reply(page);
    /* Words of members that are never sent. */
    static const char *const statuses[] = {"active", "inactive", "suspended", NULL};
    static const char *const types[] = {"individual", "business", NULL};
    page_check_same(page, "status", statuses);
    assert_string_equal(page_word(page, "status default"), "active");
    page_check_same(page, "response type", types);
    page_find(page, "birth_date pattern"); /* tests/unit/rules/test_page_patterns.c */
    page_find(page, "additional_info of the example");
    page_close(page);
}

/* All members of the page's body, each of which a create has, as null where it has no value. */
static void payso_create_is_the_page(void **state)
{
    (void)state;
    static const char *const not_started[] = {"not_started", NULL};
    /* `general` is the state, `id` and the values of identity are compared; the rest is not read. */
    static const char *const read[] = {"id",    "first_name",    "last_name", "company_name",
                                       "email", "date_of_birth", "kyc",       NULL};
    static const char *const members[] = {"id",
                                          "beneficiary_type",
                                          "first_name",
                                          "last_name",
                                          "company_name",
                                          "email",
                                          "city",
                                          "date_of_birth",
                                          "state",
                                          "address_line1",
                                          "address_line2",
                                          "postcode",
                                          "country",
                                          "ssn",
                                          "website",
                                          "source_of_funds",
                                          "business_description",
                                          "kyc",
                                          NULL};
    static const char *const states[] = {"general", "eur", "usd", "ars", NULL};
    static const struct members_case top = {"members", "user", NULL, NULL};
    struct page *page = page_open("payso-create.txt");
    check_members(page, &payso_provider, OPERATION_CREATE, golden_payso_page, &top);
    check_required(page, &payso_provider, NULL);
    for (size_t i = 0; i < 2; i++)
        page_check_same(
            page, "refused countries",
            provider_fields_find(payso_provider.fields, i == 0 ? FIELD_COUNTRY : FIELD_NATIONALITIES)
                ->refused_countries);
    page_check_same(page, "response members", members);
    for (size_t i = 0; read[i]; i++)
        assert_true(page_has_word(members, read[i]));
    page_check_same(page, "response kyc members", states);
    page_check_same(page, "response kyc.general.status", not_started);
    assert_int_equal(provider_verification(&payso_provider, slice_from("not_started")), VERIFICATION_PENDING);
    page_close(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payward_create_is_the_page), cmocka_unit_test(payward_update_is_the_page),
        cmocka_unit_test(embed_create_is_the_page),   cmocka_unit_test(kira_create_is_the_page),
        cmocka_unit_test(payso_create_is_the_page),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("pages", tests, golden_define_own, NULL);
}
