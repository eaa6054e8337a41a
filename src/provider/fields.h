/* fields: the customer fields of each provider, as data.
 *
 * One file a provider. A member's index is its place in the table's members, which is the order of the
 * member digests. Thread: constant.
 */
#ifndef KYC_PROVIDER_FIELDS_H
#define KYC_PROVIDER_FIELDS_H

#include "model/provider_fields.h"

/* The top-level members, for the masks of updates. */
enum payward_member {
    PAYWARD_EMAIL,
    PAYWARD_EXTERNAL_REFERENCE,
    PAYWARD_FULL_NAME,
    PAYWARD_BIRTH,
    PAYWARD_RESIDENCE,
    PAYWARD_PHONE,
    PAYWARD_NATIONALITIES,
    PAYWARD_OCCUPATION,
    PAYWARD_EMPLOYER_NAME,
    PAYWARD_TAX_IDS,
    PAYWARD_LANGUAGE,
    PAYWARD_CLIENT_IDENTIFIER,
    PAYWARD_COUNT,
};

enum kraken_embed_member {
    KRAKEN_EMBED_EMAIL,
    KRAKEN_EMBED_EXTERNAL_ID,
    KRAKEN_EMBED_TOS_VERSION_ACCEPTED,
    KRAKEN_EMBED_FULL_NAME,
    KRAKEN_EMBED_DATE_OF_BIRTH,
    KRAKEN_EMBED_CITY_OF_BIRTH,
    KRAKEN_EMBED_COUNTRY_OF_BIRTH,
    KRAKEN_EMBED_RESIDENCE,
    KRAKEN_EMBED_PHONE,
    KRAKEN_EMBED_NATIONALITIES,
    KRAKEN_EMBED_OCCUPATION,
    KRAKEN_EMBED_EMPLOYER_NAME,
    KRAKEN_EMBED_CLIENT_IDENTIFIER,
    KRAKEN_EMBED_TAX_IDS,
    KRAKEN_EMBED_LANGUAGE,
    KRAKEN_EMBED_COUNT,
};

enum kira_member {
    KIRA_TYPE,
    KIRA_FIRST_NAME,
    KIRA_LAST_NAME,
    KIRA_EMAIL,
    KIRA_MIDDLE_NAME,
    KIRA_PHONE,
    KIRA_BIRTH_DATE,
    KIRA_NATIONALITY,
    KIRA_GENDER,
    KIRA_EXTERNAL_ID,
    KIRA_ADDRESS_STREET,
    KIRA_ADDRESS_STREET_2,
    KIRA_ADDRESS_CITY,
    KIRA_ADDRESS_STATE,
    KIRA_ADDRESS_ZIP_CODE,
    KIRA_ADDRESS_COUNTRY,
    KIRA_VERIFICATION_MODE,
    KIRA_REDIRECT_URI,
    KIRA_LANGUAGE,
    KIRA_PEP_STATUS,
    KIRA_OCCUPATION,
    KIRA_EMPLOYMENT_STATUS,
    KIRA_CURRENT_EMPLOYER,
    KIRA_INCOME_SOURCE,
    KIRA_IMMIGRATION_STATUS,
    KIRA_IDENTIFYING_INFORMATION,
    KIRA_SOURCE_OF_FUNDS,
    KIRA_ACCOUNT_PURPOSE,
    KIRA_EXPECTED_MONTHLY_PAYMENTS,
    KIRA_EXPECTED_MONTHLY_VOLUME,
    KIRA_EXPECTED_TRANSACTION_COUNT,
    KIRA_ADDITIONAL_INFO,
    KIRA_METADATA,
    KIRA_COUNT,
};

#define FIELDS_BIT(member) (UINT64_C(1) << (member))

extern const struct provider_fields payward_fields;
extern const struct provider_fields kraken_embed_fields;
extern const struct provider_fields kira_fields;
extern const struct provider_fields payso_fields;

/* Words that Payward's two APIs share. */
extern const char *const payward_occupations[];
/* Codes accepted in nationalities besides the 249 of ISO 3166-1. */
extern const char *const payward_also_nationalities[];

/* `individual` alone, for the providers without business customers. */
extern const char *const provider_individuals_only[];

#endif
