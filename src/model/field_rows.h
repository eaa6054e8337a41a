/* field_rows: the customer fields, one row each; a new field is one more row.
 *
 * Columns: id, name, type and parts (field.h), what the field means, the usual names in exports, and the weak
 * ones, which mean it only where nothing better is at hand. Names in exports are folded and without blanks
 * (synonyms.h), with a blank between two of them. The order of the rows is that of ids, digests and verdicts,
 * so no two rows ever change places.
 */
#ifndef KYC_MODEL_FIELD_ROWS_H
#define KYC_MODEL_FIELD_ROWS_H

#define FIELD_ROWS(ROW)                                                                                      \
    ROW(EXTERNAL_ID, "external_id", KEY, NONE,                                                               \
        "The key: your own id of the customer, by which the ledger knows it.",                               \
        "customerid customerno customernr customernumber customerref customerreference customercode "        \
        "custid custno clientid clientno clientnumber clientref clientreference externalref "                \
        "externalreference userid userno userref useruuid memberid membernumber accountid accountnumber "    \
        "crmid uuid guid kundennummer kundennr kundenid kdnr kontoinhabernr partnernummer numeroclient "     \
        "noclient nclient idclient identifiantclient refclient referenceclient codeclient numerocliente "    \
        "nrocliente numcliente idcliente codigocliente codicecliente ncliente klantnummer klantnr "          \
        "klantid numerklienta idklienta nrklienta",                                                          \
        "id key nr no number nummer numero reference ref identifier identifiant")                            \
    ROW(CUSTOMER_TYPE, "customer_type", ENUM, NONE, "individual (the default) or business.",                 \
        "clienttype accounttype usertype entitytype partytype beneficiarytype persontype kundentyp "         \
        "kundenart typeclient typedeclient tipocliente tipodecliente klanttype typklienta",                  \
        "type typ tipo")                                                                                     \
    ROW(EMAIL, "email", EMAIL, NONE, "The customer's e-mail address.",                                       \
        "emailaddress mail mailaddress emailaddr emailadresse mailadresse epost courriel adressemail "       \
        "adresseemail adressecourriel adresseelectronique correo correoelectronico direccioncorreo "         \
        "indirizzoemail indirizzomail postaelettronica enderecoemail correioeletronico emailadres "          \
        "adresemail adrespocztyelektronicznej",                                                              \
        "eml")                                                                                               \
    ROW(PHONE, "phone", PHONE, NUMBER,                                                                       \
        "The phone number; without `+` it is read as a number of the customer's country.",                   \
        "phonenumber phonesnumber phoneno phonemobile mobile mobilephone mobilenumber mobileno "             \
        "mobilephonenumber cell cellphone cellnumber telephone telephonenumber tel telno telnumber "         \
        "contactnumber msisdn telefon telefonnummer telefonnr mobil mobiltelefon mobilnummer handy "         \
        "handynummer rufnummer portable numerotelephone numerodetelephone telephoneportable "                \
        "telephonemobile gsm telefono numerodetelefono telefonomovil movil celular telefonofijo "            \
        "cellulare numeroditelefono telefone telemovel numerodetelefone telefoonnummer telefoon "            \
        "mobielnummer mobiel numertelefonu telefonkomorkowy komorka nrtelefonu",                             \
        "fixe telefonofisso festnetz")                                                                       \
    ROW(FIRST_NAME, "first_name", NAME, NAME, "First names, as in the identity document.",                   \
        "firstnames fname givenname givennames forename forenames namefirst namegiven vorname vornamen "     \
        "rufname prenom prenoms nombre nombres primernombre nomedibattesimo primeironome nomeproprio "       \
        "voornaam voornamen imie imiona",                                                                    \
        "first given nome")                                                                                  \
    ROW(MIDDLE_NAME, "middle_name", NAME, NAME, "Middle names.",                                             \
        "middlenames mname middleinitial secondname namemiddle zweitername zweitvorname weiterevornamen "    \
        "deuxiemeprenom secondprenom segundonombre secondonome nomedomeio segundonome tweedenaam "           \
        "drugieimie",                                                                                        \
        "middle")                                                                                            \
    ROW(LAST_NAME, "last_name", NAME, NAME, "Family name, as in the identity document.",                     \
        "lastnames lname surname surnames familyname namelast namefamily nachname familienname zuname "      \
        "nom nomdefamille nomfamille apellido apellidos primerapellido cognome sobrenome apelido "           \
        "ultimonome achternaam familienaam nazwisko",                                                        \
        "last family name")                                                                                  \
    ROW(COMPANY_NAME, "company_name", NAME, COMPANY, "The legal name of a business.",                        \
        "company organisation organization organisationname organizationname businessname legalname "        \
        "tradingname firma firmenname unternehmen societe raisonsociale entreprise empresa razonsocial "     \
        "ragionesociale azienda razaosocial bedrijfsnaam bedrijf nazwafirmy",                                \
        "business societa sociedad")                                                                         \
    ROW(DATE_OF_BIRTH, "date_of_birth", DATE, NONE,                                                          \
        "Date of birth; of a business the date of its incorporation.",                                       \
        "dob birthdate birthday birth born bornon birthdt dateborn geburtsdatum gebdatum geburtstag "        \
        "gebdat datedenaissance datenaissance naissancedate fechadenacimiento fechanacimiento fecnac "       \
        "nacimiento datadinascita datanascita datadenascimento datanascimento nascimento geboortedatum "     \
        "gebdatumklant dataurodzenia",                                                                       \
        "naissance nascita geboren geb urodzony")                                                            \
    ROW(BIRTH_CITY, "birth_city", TEXT, NONE, "City of birth.",                                              \
        "birthplace placeofbirth cityofbirth birthtown townofbirth birthcityname birthplacecity "            \
        "geburtsort geburtsstadt lieudenaissance lieunaissance villedenaissance villenaissance "             \
        "communedenaissance lugardenacimiento lugarnacimiento ciudaddenacimiento ciudadnacimiento "          \
        "luogodinascita luogonascita comunedinascita cittadinascita localdenascimento naturalidade "         \
        "cidadedenascimento localnascimento geboorteplaats miejsceurodzenia miastourodzenia",                \
        "naturalde")                                                                                         \
    ROW(BIRTH_COUNTRY, "birth_country", COUNTRY, NONE, "Country of birth.",                                  \
        "countryofbirth birthnation birthcountrycode countryofbirthcode birthplacecountry geburtsland "      \
        "paysdenaissance paysnaissance paisdenacimiento paisnacimiento paesedinascita paesenascita "         \
        "statodinascita paisdenascimento paisnascimento geboorteland krajurodzenia",                         \
        "")                                                                                                  \
    ROW(ADDRESS_LINE1, "address_line1", TEXT, STREET,                                                        \
        "Street and number of the residence, or of the registered office of a business.",                    \
        "address1 addr1 addressline addressstreet street street1 streetaddress streetaddress1 "              \
        "streetname addressline01 homeaddress residentialaddress postaladdress addressfirstline strasse "    \
        "strassehausnummer strassehausnr strasseundhausnummer strassenr strassenname str anschrift "         \
        "adresszeile1 adresse1 rue voie adresse adresseligne1 adressepostale calle direccion direccion1 "    \
        "domicilio via indirizzo indirizzo1 endereco endereco1 morada logradouro rua straat straatnaam "     \
        "straatenhuisnummer adres adresregel1 adres1 ulica",                                                 \
        "address addr line1 line")                                                                           \
    ROW(ADDRESS_LINE2, "address_line2", TEXT, STREET, "Second line of the address.",                         \
        "address2 addr2 street2 streetaddress2 addressstreet2 addressline02 addresssecondline "              \
        "addressextra addresssupplement apartment apt unit suite flat adresszusatz adresszeile2 "            \
        "adresse2 zusatz complementadresse complementdadresse adresseligne2 complement direccion2 "          \
        "complementodireccion indirizzo2 complementoindirizzo endereco2 complementoendereco complemento "    \
        "adresregel2 adres2 toevoeging numermieszkania",                                                     \
        "line2")                                                                                             \
    ROW(CITY, "city", TEXT, NONE, "City of the address.",                                                    \
        "town cityname towncity citytown addresscity addresstown locality municipality suburb ort "          \
        "wohnort stadt gemeinde ville commune localite ciudad poblacion localidad municipio citta "          \
        "comune localita cidade localidade concelho plaats woonplaats stad gemeente miasto miejscowosc",     \
        "place")                                                                                             \
    ROW(STATE, "state", STATE, NONE, "State, province, county or district of the address.",                  \
        "province region stateprovince stateorprovince statecode provincecode regioncode county "            \
        "addressstate addressregion addressprovince administrativearea bundesland kanton departement "       \
        "provincia comunidadautonoma comunidad regione distrito estado uf provincie wojewodztwo",            \
        "district")                                                                                          \
    ROW(POSTAL_CODE, "postal_code", POSTAL, NONE, "Postal code of the address.",                             \
        "postcode zip zipcode zippostalcode postalzip pincode eircode addresszip addresspostcode "           \
        "addresspostalcode addresszipcode plz postleitzahl codepostal cp codigopostal codpostal cap "        \
        "codicepostale codigopostalcp cep kodpocztowy",                                                      \
        "postal pin")                                                                                        \
    ROW(COUNTRY, "country", COUNTRY, NONE, "Country of the address.",                                        \
        "countrycode countryname countryiso countryisocode iso2country countryofresidence "                  \
        "residencecountry residencycountry countryresidence addresscountry addresscountrycode "              \
        "homecountry domicilecountry land laendercode landeskennzeichen wohnsitzland wohnland staat "        \
        "pays paysderesidence paysresidence codepays pais paisderesidencia paisresidencia codigopais "       \
        "paese paesediresidenza codicepaese landcode woonland kraj krajzamieszkania kodkraju",               \
        "nation stato")                                                                                      \
    ROW(NATIONALITIES, "nationalities", COUNTRY_LIST, NONE,                                                  \
        "Nationalities, in order: some providers take only the first.",                                      \
        "nationality nationalitycode nationality1 nat nats citizenship citizenships citizenof "              \
        "countryofcitizenship citizenshipcountry nationalitaet nationalitat staatsangehoerigkeit "           \
        "staatsangehorigkeit staatsangehorigkeiten staatsangehoerigkeiten staatsburgerschaft "               \
        "staatsbuergerschaft nationalite nationalites citoyennete nacionalidad nacionalidades "              \
        "ciudadania nazionalita cittadinanza nacionalidade cidadania nationaliteit nationaliteiten "         \
        "staatsburgerschap narodowosc obywatelstwo",                                                         \
        "")                                                                                                  \
    ROW(TAX_ID, "tax_id", TEXT_LIST, NUMBER, "Tax numbers.",                                                 \
        "taxids taxnumber taxno taxidnumber taxidentifier taxidentificationnumber tin taxreference "         \
        "taxreferencenumber steuernummer steuerid steuernr steueridentifikationsnummer idnr tinnummer "      \
        "numerofiscal nif spi numerofiscaldereference numeroidentificacionfiscal rfc codicefiscale "         \
        "partitaiva contribuinte numerodecontribuinte cpf bsn rsin fiscaalnummer nip",                       \
        "tax vatnumber vatid")                                                                               \
    ROW(TAX_COUNTRY, "tax_country", COUNTRY_LIST, NONE,                                                      \
        "Countries that issued the tax numbers, in their order; by default the customer's country.",         \
        "taxcountrycode countryoftaxresidence taxresidence taxresidency taxresidencecountry "                \
        "taxidcountry countryoftax steuerland steueransaessigkeit landdersteuer paysfiscal "                 \
        "residencefiscale paisfiscal residenciafiscal paesefiscale residenzafiscale "                        \
        "paisderesidenciafiscal belastingland krajpodatkowy rezydencjapodatkowa",                            \
        "")                                                                                                  \
    ROW(LANGUAGE, "language", ENUM, NONE, "Preferred language, as a two-letter code of ISO 639-1.",          \
        "lang languagecode preferredlanguage locale communicationlanguage sprache korrespondenzsprache "     \
        "langue languepreferee idioma lengua lingua taal voorkeurstaal jezyk",                               \
        "")                                                                                                  \
    ROW(GENDER, "gender", ENUM, NONE, "Gender.",                                                             \
        "sex geschlecht sexe genre sexo genero sesso genere geslacht plec", "anrede salutation")             \
    ROW(OCCUPATION, "occupation", ENUM, NONE, "Occupation.",                                                 \
        "job jobtitle jobrole profession employmentoccupation occupationcode beruf berufsbezeichnung "       \
        "taetigkeit tatigkeit metier emploi profesion ocupacion professione occupazione profissao "          \
        "ocupacao beroep zawod",                                                                             \
        "position role")                                                                                     \
    ROW(EMPLOYMENT_STATUS, "employment_status", ENUM, NONE, "Whether and how the customer is employed.",     \
        "employment employmenttype workstatus jobstatus beschaeftigungsstatus beschaftigungsstatus "         \
        "berufsstatus situationprofessionnelle statutprofessionnel situacionlaboral estadolaboral "          \
        "situazionelavorativa situacaoprofissional situacaolaboral arbeidsstatus statuszatrudnienia",        \
        "")                                                                                                  \
    ROW(EMPLOYER_NAME, "employer_name", TEXT, COMPANY, "Name of the employer.",                              \
        "employer currentemployer employedby arbeitgeber employeur empleador nombreempleador "               \
        "datoredilavoro empregador entidadepatronal werkgever pracodawca",                                   \
        "")                                                                                                  \
    ROW(SOURCE_OF_FUNDS, "source_of_funds", ENUM, NONE,                                                      \
        "Where the money comes from; of a business how it is funded, in a few words.",                       \
        "sourceoffund fundssource fundsource sof mittelherkunft herkunftdermittel originedesfonds "          \
        "origendefondos origendelosfondos originedeifondi originefondi origemdosfundos "                     \
        "herkomstvanmiddelen zrodlosrodkow",                                                                 \
        "")                                                                                                  \
    ROW(ACCOUNT_PURPOSE, "account_purpose", ENUM, NONE, "What the account is for.",                          \
        "purposeofaccount accountuse purpose kontozweck verwendungszweckkonto objetducompte "                \
        "propositodelacuenta scopodelconto finalidadedaconta doelrekening celrachunku",                      \
        "")                                                                                                  \
    ROW(EXPECTED_MONTHLY_VOLUME, "expected_monthly_volume", ENUM, NONE,                                      \
        "Expected volume per month, as a range.", "monthlyvolume expectedvolume estimatedmonthlyvolume", "") \
    ROW(EXPECTED_MONTHLY_PAYMENTS, "expected_monthly_payments", TEXT, NONE, "Expected payments per month.",  \
        "monthlypayments expectedpayments estimatedmonthlypayments", "")                                     \
    ROW(EXPECTED_TRANSACTION_COUNT, "expected_transaction_count", ENUM, NONE,                                \
        "Expected number of transactions, as a range.",                                                      \
        "expectedtransactions transactioncount expectedmonthlytransactions monthlytransactions", "")         \
    ROW(INCOME_SOURCE, "income_source", TEXT, NONE, "Where the income comes from.",                          \
        "sourceofincome incometype einkommensquelle sourcederevenus fuentedeingresos", "")                   \
    ROW(IMMIGRATION_STATUS, "immigration_status", ENUM, NONE,                                                \
        "Immigration status, such as `Non-Resident of U.S.`.",                                               \
        "residencystatus visastatus aufenthaltsstatus visatype", "")                                         \
    ROW(BUSINESS_ACTIVITY, "business_activity", TEXT, NONE, "What a business does, in one sentence.",        \
        "businesstype industry sector branche geschaeftszweig geschaftszweig secteurdactivite "              \
        "actividadeconomica settore setor bedrijfstak branza",                                               \
        "activity")                                                                                          \
    ROW(PEP_STATUS, "pep_status", BOOL, NONE, "Whether the customer is a politically exposed person.",       \
        "pep ispep politicallyexposed politicallyexposedperson pepflag ppe", "")                             \
    ROW(TOS_VERSION, "tos_version", INTEGER, NONE,                                                           \
        "The version of the terms of service that the customer has accepted.",                               \
        "tosversionaccepted tos termsversion termsaccepted acceptedtermsversion termsofserviceversion "      \
        "termsofservice agbversion",                                                                         \
        "")                                                                                                  \
    ROW(VERIFICATION_MODE, "verification_mode", ENUM, NONE, "How the provider verifies the customer.",       \
        "verificationtype verificationmethod", "")                                                           \
    ROW(REDIRECT_URI, "redirect_uri", URI, NONE, "The page to which a verification leads back.",             \
        "redirecturl callbackurl returnurl", "")                                                             \
    ROW(NATIONAL_ID, "national_id", NATIONAL_ID, NUMBER,                                                     \
        "National number, in the US the SSN; of a business its EIN or registration number.",                 \
        "nationalidnumber nationalidentifier ssn socialsecuritynumber socialsecurityno socialsecurity "      \
        "nationalinsurancenumber nino personalnumber personalid sozialversicherungsnummer svnr "             \
        "numerosecuritesociale nir dni numerodeseguridadsocial nss pesel",                                   \
        "")                                                                                                  \
    ROW(DOCUMENT_TYPE, "document_type", TEXT, NONE, "Kind of the identity document, such as `passport`.",    \
        "doctype idtype iddocumenttype identitydocumenttype ausweisart dokumentart typededocument "          \
        "typedepiece tipodedocumento tipodocumento documenttypeid soortdocument rodzajdokumentu",            \
        "")                                                                                                  \
    ROW(DOCUMENT_NUMBER, "document_number", TEXT, NUMBER, "Number of the identity document.",                \
        "documentno documentid docnumber docno iddocumentnumber idnumber idno passportnumber passportno "    \
        "passport ausweisnummer dokumentnummer passnummer numerodedocument numerodepiece "                   \
        "numerodedocumento numerodocumento documentnummer paspoortnummer numerdokumentu numerpaszportu",     \
        "")                                                                                                  \
    ROW(DOCUMENT_COUNTRY, "document_country", COUNTRY, NONE, "Country that issued the identity document.",   \
        "documentissuingcountry issuingcountry doccountry idcountry countryofissue passportcountry "         \
        "ausstellungsland paysdemission paysdelivrance paisdeemision paisdeemissao paesedirilascio "         \
        "landvanafgifte krajwydania",                                                                        \
        "")                                                                                                  \
    ROW(DOCUMENT_EXPIRY, "document_expiry", DATE, NONE, "The day on which the identity document expires.",   \
        "documentexpirydate documentexpiration documentexpirationdate docexpiry expirydate "                 \
        "expirationdate idexpiry passportexpiry gueltigbis gultigbis ablaufdatum dateexpiration "            \
        "datedexpiration fechadecaducidad fechadevencimiento datadiscadenza datadevalidade vervaldatum "     \
        "datawaznosci",                                                                                      \
        "expiry expires validuntil")                                                                         \
    ROW(DOCUMENT_FRONT, "document_front", DOCUMENT, NONE, "The front of the identity document.",             \
        "documentfrontfile idfront documentfrontimage documentfronturl frontimage", "")                      \
    ROW(DOCUMENT_BACK, "document_back", DOCUMENT, NONE, "The back of the identity document.",                \
        "documentbackfile idback documentbackimage documentbackurl backimage", "")                           \
    ROW(CLIENT_IDENTIFIER, "client_identifier", CLIENT_ID, NONE,                                             \
        "CONCAT of Regulation (EU) 2017/590; `auto` computes it from names and birth date.",                 \
        "concat mifididentifier mifidid nationalclientidentifier", "")                                       \
    ROW(CLIENT_IDENTIFIER_CALCULATED_AT, "client_identifier_calculated_at", TIME, NONE,                      \
        "When client_identifier was calculated; without it, the time at which it was first sent.",           \
        "concatcalculatedat concatdate", "")                                                                 \
    ROW(KYC_ID, "kyc_id", TEXT, NUMBER, "The id of a KYC that was done before, as the provider knows it.",   \
        "kycreference kycref", "")                                                                           \
    ROW(GOVERNMENT_DOCUMENT_TYPE, "government_document_type", TEXT, NONE,                                    \
        "Kind of the government's document, in the provider's words.", "govdocumenttype", "")

#endif
