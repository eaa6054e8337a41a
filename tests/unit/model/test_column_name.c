#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/column_name.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 4096);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

static void a_column_means_a_field(void **state)
{
    (void)state;
    static const struct {
        const char *column;
        enum field_id field;
        enum column_group group;
    } examples[] = {
        /* whole names stay what they are */
        {"first_name", FIELD_FIRST_NAME, COLUMN_GROUP_NONE},
        {"Geburtsdatum", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"address.city", FIELD_CITY, COLUMN_GROUP_NONE},
        {"profile.contact.email", FIELD_EMAIL, COLUMN_GROUP_NONE},
        /* prefixes */
        {"MailingStreet", FIELD_ADDRESS_LINE1, COLUMN_GROUP_MAILING},
        {"MailingPostalCode", FIELD_POSTAL_CODE, COLUMN_GROUP_MAILING},
        {"Mailing Address Line 1", FIELD_ADDRESS_LINE1, COLUMN_GROUP_MAILING},
        {"Mailing State/Province", FIELD_STATE, COLUMN_GROUP_MAILING},
        {"MAILINGSTREET", FIELD_ADDRESS_LINE1, COLUMN_GROUP_MAILING},
        {"OTHERPOSTALCODE", FIELD_POSTAL_CODE, COLUMN_GROUP_OTHER},
        {"HOMEPHONE", FIELD_PHONE, COLUMN_GROUP_NONE},
        {"BILLINGFIRSTNAME", FIELD_FIRST_NAME, COLUMN_GROUP_BILLING},
        {"NATIONALITY__C", FIELD_NATIONALITIES, COLUMN_GROUP_NONE},
        {"ASSISTANTPHONE", FIELD_NONE, COLUMN_GROUP_NONE},
        {"OtherCity", FIELD_CITY, COLUMN_GROUP_OTHER},
        {"billing_first_name", FIELD_FIRST_NAME, COLUMN_GROUP_BILLING},
        {"billing_address_1", FIELD_ADDRESS_LINE1, COLUMN_GROUP_BILLING},
        {"billing_postcode", FIELD_POSTAL_CODE, COLUMN_GROUP_BILLING},
        {"Billing Address", FIELD_ADDRESS_LINE1, COLUMN_GROUP_BILLING},
        {"Shipping Address Country", FIELD_COUNTRY, COLUMN_GROUP_SHIPPING},
        {"Card Address Line1", FIELD_ADDRESS_LINE1, COLUMN_GROUP_CARD},
        {"Card Address Zip", FIELD_POSTAL_CODE, COLUMN_GROUP_CARD},
        {"Default Address Address1", FIELD_ADDRESS_LINE1, COLUMN_GROUP_HOME},
        {"Default Address Address2", FIELD_ADDRESS_LINE2, COLUMN_GROUP_HOME},
        {"Default Address Province Code", FIELD_STATE, COLUMN_GROUP_HOME},
        {"Default Address Zip", FIELD_POSTAL_CODE, COLUMN_GROUP_HOME},
        {"Home Street", FIELD_ADDRESS_LINE1, COLUMN_GROUP_HOME},
        {"HomePhone", FIELD_PHONE, COLUMN_GROUP_HOME},
        {"Address 1 - City", FIELD_CITY, COLUMN_GROUP_NONE},
        {"E-mail 1 - Label", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Address 1 - Type", FIELD_NONE, COLUMN_GROUP_NONE},
        {"ADDR_LN1_TXT", FIELD_ADDRESS_LINE1, COLUMN_GROUP_NONE},
        {"RES_CTRY_CD", FIELD_COUNTRY, COLUMN_GROUP_HOME},
        {"ST_PROV_CD", FIELD_STATE, COLUMN_GROUP_NONE},
        {"Street and house number", FIELD_ADDRESS_LINE1, COLUMN_GROUP_NONE},
        {"E-mail 1 - Value", FIELD_EMAIL, COLUMN_GROUP_NONE},
        {"Contact Email", FIELD_EMAIL, COLUMN_GROUP_NONE},
        {"Record ID", FIELD_EXTERNAL_ID, COLUMN_GROUP_NONE},
        {"Record ID - Contact", FIELD_EXTERNAL_ID, COLUMN_GROUP_NONE},
        {"person_id", FIELD_EXTERNAL_ID, COLUMN_GROUP_NONE},
        {"user_metadata.phone", FIELD_PHONE, COLUMN_GROUP_NONE},
        {"properties.firstname", FIELD_FIRST_NAME, COLUMN_GROUP_NONE},
        /* members in brackets */
        {"customer[email]", FIELD_EMAIL, COLUMN_GROUP_NONE},
        {"customer[first_name]", FIELD_FIRST_NAME, COLUMN_GROUP_NONE},
        {"customer[id]", FIELD_EXTERNAL_ID, COLUMN_GROUP_NONE},
        {"customer[cf_date_of_birth]", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"billing_address[zip]", FIELD_POSTAL_CODE, COLUMN_GROUP_BILLING},
        {"user[address][city]", FIELD_CITY, COLUMN_GROUP_NONE},
        {"[Customer ID]", FIELD_EXTERNAL_ID, COLUMN_GROUP_NONE},
        {"DOB[DD/MM/YYYY]", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"Date of birth[yyyymmdd]", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"City [billing]", FIELD_CITY, COLUMN_GROUP_BILLING},
        {"phone[0]", FIELD_PHONE, COLUMN_GROUP_NONE},
        {"From Email Address", FIELD_EMAIL, COLUMN_GROUP_NONE},
        {"Payer ID", FIELD_EXTERNAL_ID, COLUMN_GROUP_NONE},
        {"address_country_id", FIELD_COUNTRY, COLUMN_GROUP_NONE},
        /* in other languages */
        {"Дата рождения", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"Эл. почта", FIELD_EMAIL, COLUMN_GROUP_NONE},
        {"ОТЧЕСТВО", FIELD_MIDDLE_NAME, COLUMN_GROUP_NONE},
        {"По батькові", FIELD_MIDDLE_NAME, COLUMN_GROUP_NONE},
        {"メールアドレス", FIELD_EMAIL, COLUMN_GROUP_NONE},
        {"生年月日", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"姓", FIELD_LAST_NAME, COLUMN_GROUP_NONE},
        {"住所1", FIELD_ADDRESS_LINE1, COLUMN_GROUP_NONE},
        {"手机号码", FIELD_PHONE, COLUMN_GROUP_NONE},
        {"휴대폰번호", FIELD_PHONE, COLUMN_GROUP_NONE},
        {"Ημερομηνία γέννησης", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"تاريخ الميلاد", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"Doğum Tarihi", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"Vezetéknév", FIELD_LAST_NAME, COLUMN_GROUP_NONE},
        {"Příjmení", FIELD_LAST_NAME, COLUMN_GROUP_NONE},
        {"Fødselsdato", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"Sähköposti", FIELD_EMAIL, COLUMN_GROUP_NONE},
        {"Achternaam", FIELD_LAST_NAME, COLUMN_GROUP_NONE},
        {"Cod poștal", FIELD_POSTAL_CODE, COLUMN_GROUP_NONE},
        {"Kod klienta", FIELD_EXTERNAL_ID, COLUMN_GROUP_NONE},
        {"Ulica i nr", FIELD_ADDRESS_LINE1, COLUMN_GROUP_NONE},
        {"CountryRegionCode", FIELD_COUNTRY, COLUMN_GROUP_NONE},
        {"Country/Region", FIELD_COUNTRY, COLUMN_GROUP_NONE},
        {"Town/City", FIELD_CITY, COLUMN_GROUP_NONE},
        /* of others */
        {"Date of birth (spouse)", FIELD_NONE, COLUMN_GROUP_NONE},
        {"DOB - spouse", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Phone (emergency contact)", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Telefon (Ehepartner)", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Email [guardian]", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Employer Address", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Employer Name", FIELD_EMPLOYER_NAME, COLUMN_GROUP_NONE},
        /* remarks */
        {"Date of Birth (DD/MM/YYYY)", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"Date of birth - DD/MM/YYYY", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"Phone (incl. country code)", FIELD_PHONE, COLUMN_GROUP_NONE},
        {"First name as in passport", FIELD_FIRST_NAME, COLUMN_GROUP_NONE},
        {"City (billing)", FIELD_CITY, COLUMN_GROUP_BILLING},
        {"Please enter your e-mail address *", FIELD_EMAIL, COLUMN_GROUP_NONE},
        {"What is your date of birth?", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"Passport_Number__c", FIELD_DOCUMENT_NUMBER, COLUMN_GROUP_NONE},
        {"Birthdate__pc", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"user_id (metadata)", FIELD_EXTERNAL_ID, COLUMN_GROUP_NONE},
        {"dob.$date.$numberLong", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        /* abbreviations */
        {"CIF_NO", FIELD_EXTERNAL_ID, COLUMN_GROUP_NONE},
        {"FIRST_NM", FIELD_FIRST_NAME, COLUMN_GROUP_NONE},
        {"LAST_NM", FIELD_LAST_NAME, COLUMN_GROUP_NONE},
        {"DT_OF_BIRTH", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"BIRTH_DT", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        {"EMAIL_ADR", FIELD_EMAIL, COLUMN_GROUP_NONE},
        {"MOB_NO", FIELD_PHONE, COLUMN_GROUP_NONE},
        {"ADDR_LN_1", FIELD_ADDRESS_LINE1, COLUMN_GROUP_NONE},
        {"ADDR_LN_2", FIELD_ADDRESS_LINE2, COLUMN_GROUP_NONE},
        {"CITY_NM", FIELD_CITY, COLUMN_GROUP_NONE},
        {"ZIP_CD", FIELD_POSTAL_CODE, COLUMN_GROUP_NONE},
        {"CTRY_CD", FIELD_COUNTRY, COLUMN_GROUP_NONE},
        {"GNDR_CD", FIELD_GENDER, COLUMN_GROUP_NONE},
        {"CustDOB", FIELD_DATE_OF_BIRTH, COLUMN_GROUP_NONE},
        /* two names in one */
        {"Country/Region", FIELD_COUNTRY, COLUMN_GROUP_NONE},
        {"State/Region", FIELD_STATE, COLUMN_GROUP_NONE},
        {"City/Town", FIELD_CITY, COLUMN_GROUP_NONE},
        {"Mailing Zip/Postal Code", FIELD_POSTAL_CODE, COLUMN_GROUP_MAILING},
        /* what only looks like one */
        {"Emergency Contact Phone", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Mother's Maiden Name", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Spouse Email", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Accepts Email Marketing", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Email Opt Out", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Card ID", FIELD_NONE, COLUMN_GROUP_CARD},
        {"Card Last4", FIELD_NONE, COLUMN_GROUP_CARD},
        {"Card Issue Country", FIELD_NONE, COLUMN_GROUP_CARD},
        {"Street Number", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Phone code", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Address 2 - City", FIELD_NONE, COLUMN_GROUP_NONE},
        {"email_verified", FIELD_NONE, COLUMN_GROUP_NONE},
        {"IP Country", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Create Date", FIELD_NONE, COLUMN_GROUP_NONE},
        {"Associated Company IDs", FIELD_NONE, COLUMN_GROUP_NONE},
    };

    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct column_name name = column_name_read(slice_from(examples[i].column), &arena);
        if (name.field != examples[i].field || name.group != examples[i].group)
            fail_msg("`%s` is %s of group %d, not %s of %d", examples[i].column, field_name(name.field),
                     (int)name.group, field_name(examples[i].field), (int)examples[i].group);
    }
}

static void a_weak_name_stays_weak(void **state)
{
    (void)state;
    struct column_name name = column_name_read(slice_from("Id"), &arena);
    assert_int_equal(name.field, FIELD_EXTERNAL_ID);
    assert_int_equal(name.fit, SYNONYM_WEAK);
    name = column_name_read(slice_from("PLZ/Ort"), &arena); /* two fields in one column */
    assert_int_equal(name.field, FIELD_POSTAL_CODE);
    assert_int_equal(name.fit, SYNONYM_WEAK);
}

static void a_column_of_whole_names_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *column;
        enum column_person person;
    } examples[] = {
        {"Name", COLUMN_PERSON_NAME},
        {"Full Name", COLUMN_PERSON_NAME},
        {"Contact Name", COLUMN_PERSON_NAME},
        {"customer_name", COLUMN_PERSON_NAME},
        {"Shipping Name", COLUMN_PERSON_NAME},
        {"Last Name, First Name", COLUMN_PERSON_LAST_FIRST},
        {"Name, Vorname", COLUMN_PERSON_LAST_FIRST},
        {"Nom et prénom", COLUMN_PERSON_LAST_FIRST},
        {"CUST_NM", COLUMN_PERSON_NAME},
        {"First Name", COLUMN_PERSON_NONE},
        {"File Name", COLUMN_PERSON_NONE},
        {"Company Name", COLUMN_PERSON_NONE},
    };

    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct column_name name = column_name_read(slice_from(examples[i].column), &arena);
        if (name.person != examples[i].person)
            fail_msg("`%s`: %d", examples[i].column, (int)name.person);
    }
}

static void a_name_may_give_the_form_of_a_date(void **state)
{
    (void)state;
    static const struct {
        const char *column, *form;
    } examples[] = {
        {"Date of Birth (DD/MM/YYYY)", "DD/MM/YYYY"},
        {"dob_mm-dd-yyyy", "MM-DD-YYYY"},
        {"Born [yyyy.mm.dd]", "YYYY.MM.DD"},
        {"Date de naissance (JJ/MM/AAAA)", "DD/MM/YYYY"},
        {"Geburtsdatum TT.MM.JJJJ", "DD.MM.YYYY"},
        {"Data di nascita (gg/mm/aaaa)", "DD/MM/YYYY"},
        {"DOB ddmmyyyy", "DDMMYYYY"},
        {"Birthday d/m/yy", "D/M/YY"},
        {"Date of birth", NULL},
        {"daddy", NULL},
        {"dd/mm", NULL},
    };

    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct slice form = {"", 0};
        bool has_form = column_name_date_form(slice_from(examples[i].column), &arena, &form);
        if (has_form != (examples[i].form != NULL) || (has_form && !slice_is(form, examples[i].form)))
            fail_msg("`%s`: `%.*s`", examples[i].column, (int)form.len, form.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_means_a_field),
        cmocka_unit_test(a_weak_name_stays_weak),
        cmocka_unit_test(a_column_of_whole_names_is_known),
        cmocka_unit_test(a_name_may_give_the_form_of_a_date),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("column_name", tests, set_up, tear_down);
}
