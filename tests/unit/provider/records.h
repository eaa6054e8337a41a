/* records: a judged record for the tests of the providers; the person is invented. */
#ifndef TESTS_UNIT_PROVIDER_RECORDS_H
#define TESTS_UNIT_PROVIDER_RECORDS_H

#include <string.h>

#include "model/record.h"

struct sample {
    struct record record;
    struct value values[FIELD_MAX];
};

static inline void sample_set(struct sample *sample, enum field_id field, const char *text)
{
    sample->record.values = sample->values;
    sample->values[field] = (struct value){slice_from(text), VALUE_PRESENT};
}

/* The values of the example on the provider's page. */
static inline void sample_fill(struct sample *sample)
{
    memset(sample, 0, sizeof *sample);
    sample_set(sample, FIELD_EMAIL, "alex.morgan@example.com");
    sample_set(sample, FIELD_EXTERNAL_ID, "partner-customer-9001");
    sample_set(sample, FIELD_FIRST_NAME, "Alex");
    sample_set(sample, FIELD_LAST_NAME, "Morgan");
    sample_set(sample, FIELD_DATE_OF_BIRTH, "1990-04-15");
    sample_set(sample, FIELD_BIRTH_CITY, "San Francisco");
    sample_set(sample, FIELD_BIRTH_COUNTRY, "US");
    sample_set(sample, FIELD_ADDRESS_LINE1, "1 Market St");
    sample_set(sample, FIELD_CITY, "San Francisco");
    sample_set(sample, FIELD_POSTAL_CODE, "94103");
    sample_set(sample, FIELD_COUNTRY, "US");
    sample_set(sample, FIELD_PHONE, "+14155550110");
    sample_set(sample, FIELD_NATIONALITIES, "US");
    sample_set(sample, FIELD_OCCUPATION, "computers_and_it");
}

/* Every optional member too. */
static inline void sample_fill_all(struct sample *sample)
{
    sample_fill(sample);
    sample_set(sample, FIELD_CUSTOMER_TYPE, "individual");
    sample_set(sample, FIELD_MIDDLE_NAME, "Quinn");
    sample_set(sample, FIELD_ADDRESS_LINE2, "Floor \"5\"");
    sample_set(sample, FIELD_STATE, "CA");
    sample_set(sample, FIELD_NATIONALITIES,
               "US\x1f"
               "DE");
    sample_set(sample, FIELD_EMPLOYER_NAME, "Müller & Söhne");
    sample_set(sample, FIELD_TAX_ID,
               "900-70-0001\x1f"
               "12 345");
    sample_set(sample, FIELD_TAX_COUNTRY,
               "US\x1f"
               "DE");
    sample_set(sample, FIELD_LANGUAGE, "en");
}

#endif
