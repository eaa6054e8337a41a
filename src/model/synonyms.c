#include "model/synonyms.h"

#include <string.h>

#include "core/text.h"

/* Names in the form in which they are compared: folded, without blanks; between two of them a blank. */
struct synonym_row {
    const char *usual, *weak;
};

static const struct synonym_row synonym_table[FIELD_COUNT] = {
    [FIELD_EXTERNAL_ID] =
        {"customerid customerno customernr customernumber customerref customerreference customercode custid "
         "custno clientid clientno clientnumber clientref clientreference externalref "
         "externalreference userid userno userref useruuid memberid membernumber accountid accountnumber "
         "crmid uuid guid kundennummer kundennr kundenid kdnr kontoinhabernr partnernummer numeroclient "
         "noclient nclient idclient identifiantclient refclient referenceclient codeclient numerocliente "
         "nrocliente numcliente idcliente codigocliente codicecliente ncliente klantnummer klantnr klantid "
         "numerklienta idklienta nrklienta",
         "id key nr no number nummer numero reference ref identifier identifiant"},
    [FIELD_CUSTOMER_TYPE] =
        {"clienttype accounttype usertype entitytype partytype beneficiarytype persontype kundentyp "
         "kundenart typeclient typedeclient tipocliente tipodecliente klanttype typklienta",
         "type typ tipo"},
    [FIELD_EMAIL] =
        {"emailaddress mail mailaddress emailaddr emailadresse mailadresse epost courriel adressemail "
         "adresseemail adressecourriel adresseelectronique correo correoelectronico direccioncorreo "
         "indirizzoemail indirizzomail postaelettronica enderecoemail correioeletronico emailadres "
         "adresemail adrespocztyelektronicznej",
         "eml"},
    [FIELD_PHONE] =
        {"phonenumber phonesnumber phoneno phonemobile mobile mobilephone mobilenumber mobileno "
         "mobilephonenumber cell cellphone "
         "cellnumber telephone telephonenumber tel telno telnumber contactnumber msisdn telefon "
         "telefonnummer telefonnr mobil mobiltelefon mobilnummer handy handynummer rufnummer portable "
         "numerotelephone numerodetelephone telephoneportable telephonemobile gsm telefono "
         "numerodetelefono telefonomovil movil celular telefonofijo cellulare numeroditelefono telefone "
         "telemovel numerodetelefone telefoonnummer telefoon mobielnummer mobiel numertelefonu "
         "telefonkomorkowy "
         "komorka nrtelefonu",
         "fixe telefonofisso festnetz"},
    [FIELD_FIRST_NAME] =
        {"firstnames fname givenname givennames forename forenames namefirst namegiven vorname vornamen "
         "rufname "
         "prenom prenoms nombre nombres primernombre nomedibattesimo primeironome nomeproprio voornaam "
         "voornamen imie imiona",
         "first given nome"},
    [FIELD_MIDDLE_NAME] =
        {"middlenames mname middleinitial secondname namemiddle zweitername zweitvorname weiterevornamen "
         "deuxiemeprenom secondprenom segundonombre secondonome nomedomeio segundonome tweedenaam drugieimie",
         "middle"},
    [FIELD_LAST_NAME] =
        {"lastnames lname surname surnames familyname namelast namefamily nachname familienname zuname nom "
         "nomdefamille nomfamille apellido apellidos primerapellido cognome sobrenome apelido ultimonome "
         "achternaam familienaam nazwisko",
         "last family name"},
    [FIELD_COMPANY_NAME] =
        {"company organisation organization organisationname organizationname businessname "
         "legalname tradingname firma firmenname unternehmen societe raisonsociale entreprise empresa "
         "razonsocial ragionesociale azienda razaosocial bedrijfsnaam bedrijf nazwafirmy",
         "business societa sociedad"},
    [FIELD_DATE_OF_BIRTH] =
        {"dob birthdate birthday birth born bornon birthdt dateborn geburtsdatum gebdatum "
         "geburtstag "
         "gebdat datedenaissance datenaissance naissancedate fechadenacimiento fechanacimiento fecnac "
         "nacimiento datadinascita datanascita datadenascimento datanascimento nascimento geboortedatum "
         "gebdatumklant dataurodzenia",
         "naissance nascita geboren geb urodzony"},
    [FIELD_BIRTH_CITY] =
        {"birthplace placeofbirth cityofbirth birthtown townofbirth birthcityname birthplacecity geburtsort "
         "geburtsstadt lieudenaissance lieunaissance villedenaissance villenaissance communedenaissance "
         "lugardenacimiento lugarnacimiento ciudaddenacimiento ciudadnacimiento luogodinascita luogonascita "
         "comunedinascita cittadinascita localdenascimento naturalidade cidadedenascimento "
         "localnascimento geboorteplaats miejsceurodzenia miastourodzenia",
         "naturalde"},
    [FIELD_BIRTH_COUNTRY] =
        {"countryofbirth birthnation birthcountrycode countryofbirthcode birthplacecountry geburtsland "
         "paysdenaissance "
         "paysnaissance paisdenacimiento paisnacimiento paesedinascita paesenascita statodinascita "
         "paisdenascimento paisnascimento geboorteland krajurodzenia",
         ""},
    [FIELD_ADDRESS_LINE1] =
        {"address1 addr1 addressline addressstreet street street1 streetaddress streetaddress1 streetname "
         "addressline01 homeaddress residentialaddress postaladdress addressfirstline strasse "
         "strassehausnummer strassehausnr strasseundhausnummer strassenr strassenname str anschrift "
         "adresszeile1 adresse1 rue voie adresse adresseligne1 adressepostale calle direccion direccion1 "
         "domicilio via indirizzo indirizzo1 endereco endereco1 morada logradouro rua straat straatnaam "
         "straatenhuisnummer adres adresregel1 adres1 ulica",
         "address addr line1 line"},
    [FIELD_ADDRESS_LINE2] =
        {"address2 addr2 street2 streetaddress2 addressstreet2 addressline02 addresssecondline addressextra "
         "addresssupplement apartment apt unit suite flat adresszusatz adresszeile2 adresse2 zusatz "
         "complementadresse complementdadresse adresseligne2 complement direccion2 complementodireccion "
         "indirizzo2 complementoindirizzo endereco2 complementoendereco complemento adresregel2 adres2 "
         "toevoeging numermieszkania",
         "line2"},
    [FIELD_CITY] =
        {"town cityname towncity citytown addresscity addresstown locality municipality suburb ort wohnort "
         "stadt gemeinde ville commune localite ciudad poblacion localidad municipio citta comune localita "
         "cidade localidade concelho plaats woonplaats stad gemeente miasto miejscowosc",
         "place"},
    [FIELD_STATE] =
        {"province region stateprovince stateorprovince statecode provincecode regioncode county "
         "addressstate addressregion addressprovince administrativearea bundesland kanton departement "
         "provincia comunidadautonoma comunidad regione distrito estado uf provincie wojewodztwo",
         "district"},
    [FIELD_POSTAL_CODE] =
        {"postcode zip zipcode zippostalcode postalzip pincode eircode addresszip addresspostcode "
         "addresspostalcode addresszipcode plz postleitzahl codepostal cp codigopostal codpostal cap "
         "codicepostale "
         "codigopostalcp cep kodpocztowy",
         "postal pin"},
    [FIELD_COUNTRY] =
        {"countrycode countryname countryiso countryisocode iso2country countryofresidence residencecountry "
         "residencycountry countryresidence addresscountry addresscountrycode homecountry domicilecountry "
         "land laendercode landeskennzeichen wohnsitzland wohnland staat pays paysderesidence "
         "paysresidence codepays pais paisderesidencia paisresidencia codigopais paese paesediresidenza "
         "codicepaese landcode woonland kraj krajzamieszkania kodkraju",
         "nation stato"},
    [FIELD_NATIONALITIES] =
        {"nationality nationalitycode nationality1 nat nats citizenship citizenships citizenof "
         "countryofcitizenship citizenshipcountry nationalitaet nationalitat staatsangehoerigkeit "
         "staatsangehorigkeit staatsangehorigkeiten staatsangehoerigkeiten staatsburgerschaft "
         "staatsbuergerschaft nationalite nationalites citoyennete nacionalidad nacionalidades ciudadania "
         "nazionalita cittadinanza nacionalidade cidadania nationaliteit nationaliteiten "
         "staatsburgerschap narodowosc obywatelstwo",
         ""},
    [FIELD_TAX_ID] =
        {"taxids taxnumber taxno taxidnumber taxidentifier taxidentificationnumber tin taxreference "
         "taxreferencenumber steuernummer steuerid steuernr steueridentifikationsnummer idnr tinnummer "
         "numerofiscal nif spi numerofiscaldereference numeroidentificacionfiscal rfc codicefiscale "
         "partitaiva contribuinte numerodecontribuinte cpf bsn rsin fiscaalnummer nip",
         "tax vatnumber vatid"},
    [FIELD_TAX_COUNTRY] =
        {"taxcountrycode countryoftaxresidence taxresidence taxresidency taxresidencecountry taxidcountry "
         "countryoftax steuerland steueransaessigkeit landdersteuer paysfiscal residencefiscale "
         "paisfiscal residenciafiscal paesefiscale residenzafiscale paisderesidenciafiscal belastingland "
         "krajpodatkowy rezydencjapodatkowa",
         ""},
    [FIELD_LANGUAGE] =
        {"lang languagecode preferredlanguage locale communicationlanguage sprache korrespondenzsprache "
         "langue languepreferee idioma lengua lingua taal voorkeurstaal jezyk",
         ""},
    [FIELD_GENDER] = {"sex geschlecht sexe genre sexo genero sesso genere geslacht plec",
                      "anrede salutation"},
    [FIELD_OCCUPATION] =
        {"job jobtitle jobrole profession employmentoccupation occupationcode beruf berufsbezeichnung "
         "taetigkeit "
         "tatigkeit metier emploi profesion ocupacion professione occupazione profissao ocupacao beroep "
         "zawod",
         "position role"},
    [FIELD_EMPLOYMENT_STATUS] =
        {"employment employmenttype workstatus jobstatus beschaeftigungsstatus beschaftigungsstatus "
         "berufsstatus situationprofessionnelle statutprofessionnel situacionlaboral estadolaboral "
         "situazionelavorativa situacaoprofissional situacaolaboral arbeidsstatus statuszatrudnienia",
         ""},
    [FIELD_EMPLOYER_NAME] =
        {"employer currentemployer employedby arbeitgeber employeur empleador nombreempleador "
         "datoredilavoro empregador entidadepatronal werkgever pracodawca",
         ""},
    [FIELD_SOURCE_OF_FUNDS] =
        {"sourceoffund fundssource fundsource sof mittelherkunft herkunftdermittel originedesfonds "
         "origendefondos origendelosfondos originedeifondi originefondi origemdosfundos "
         "herkomstvanmiddelen zrodlosrodkow",
         ""},
    [FIELD_ACCOUNT_PURPOSE] =
        {"purposeofaccount accountuse purpose kontozweck verwendungszweckkonto objetducompte "
         "propositodelacuenta scopodelconto finalidadedaconta doelrekening celrachunku",
         ""},
    [FIELD_EXPECTED_MONTHLY_VOLUME] = {"monthlyvolume expectedvolume estimatedmonthlyvolume", ""},
    [FIELD_EXPECTED_MONTHLY_PAYMENTS] = {"monthlypayments expectedpayments estimatedmonthlypayments", ""},
    [FIELD_EXPECTED_TRANSACTION_COUNT] =
        {"expectedtransactions transactioncount expectedmonthlytransactions monthlytransactions", ""},
    [FIELD_INCOME_SOURCE] = {"sourceofincome incometype einkommensquelle sourcederevenus fuentedeingresos",
                             ""},
    [FIELD_IMMIGRATION_STATUS] = {"residencystatus visastatus aufenthaltsstatus visatype", ""},
    [FIELD_BUSINESS_ACTIVITY] =
        {"businesstype industry sector branche geschaeftszweig geschaftszweig secteurdactivite "
         "actividadeconomica settore setor bedrijfstak branza",
         "activity"},
    [FIELD_PEP_STATUS] = {"pep ispep politicallyexposed politicallyexposedperson pepflag ppe", ""},
    [FIELD_TOS_VERSION] =
        {"tosversionaccepted tos termsversion termsaccepted acceptedtermsversion termsofserviceversion "
         "termsofservice agbversion",
         ""},
    [FIELD_VERIFICATION_MODE] = {"verificationtype verificationmethod", ""},
    [FIELD_REDIRECT_URI] = {"redirecturl callbackurl returnurl", ""},
    [FIELD_NATIONAL_ID] =
        {"nationalidnumber nationalidentifier ssn socialsecuritynumber socialsecurityno socialsecurity "
         "nationalinsurancenumber nino personalnumber personalid sozialversicherungsnummer svnr "
         "numerosecuritesociale nir dni numerodeseguridadsocial nss pesel",
         ""},
    [FIELD_DOCUMENT_TYPE] =
        {"doctype idtype iddocumenttype identitydocumenttype ausweisart dokumentart typededocument "
         "typedepiece tipodedocumento tipodocumento documenttypeid soortdocument rodzajdokumentu",
         ""},
    [FIELD_DOCUMENT_NUMBER] =
        {"documentno documentid docnumber docno iddocumentnumber idnumber idno passportnumber passportno "
         "passport ausweisnummer dokumentnummer passnummer numerodedocument numerodepiece "
         "numerodedocumento numerodocumento documentnummer paspoortnummer numerdokumentu numerpaszportu",
         ""},
    [FIELD_DOCUMENT_COUNTRY] =
        {"documentissuingcountry issuingcountry doccountry idcountry countryofissue passportcountry "
         "ausstellungsland paysdemission paysdelivrance paisdeemision paisdeemissao paesedirilascio "
         "landvanafgifte krajwydania",
         ""},
    [FIELD_DOCUMENT_EXPIRY] =
        {"documentexpirydate documentexpiration documentexpirationdate docexpiry expirydate expirationdate "
         "idexpiry passportexpiry gueltigbis gultigbis ablaufdatum dateexpiration datedexpiration "
         "fechadecaducidad fechadevencimiento datadiscadenza datadevalidade vervaldatum datawaznosci",
         "expiry expires validuntil"},
    [FIELD_DOCUMENT_FRONT] = {"documentfrontfile idfront documentfrontimage documentfronturl frontimage", ""},
    [FIELD_DOCUMENT_BACK] = {"documentbackfile idback documentbackimage documentbackurl backimage", ""},
    [FIELD_CLIENT_IDENTIFIER] = {"concat mifididentifier mifidid nationalclientidentifier", ""},
};

/* Prefixes that only mean that the column is about the customer. */
static const char *const prefixes[] = {
    "customer", "client",    "user",    "member",      "person",    "personal", "primary", "home",  "main",
    "contact",  "applicant", "account", "residential", "residence", "kunden",   "cliente", "klant", NULL};

static bool holds(const char *names, struct slice name)
{
    for (const char *cursor = names; *cursor;) {
        size_t len = strcspn(cursor, " ");
        if (len == name.len && memcmp(cursor, name.data, len) == 0)
            return true;
        cursor += len + strspn(cursor + len, " ");
    }
    return false;
}

/* `date_of_birth` and `dateofbirth`: underscores aside. */
static bool is_field_name(const char *field, struct slice name)
{
    size_t index = 0;
    for (; *field; field++) {
        if (*field == '_')
            continue;
        if (index == name.len || name.data[index] != *field)
            return false;
        index++;
    }
    return index == name.len;
}

static struct synonym find_whole(struct slice name)
{
    struct synonym weak = {FIELD_NONE, SYNONYM_NONE};

    for (size_t i = 0; name.len > 0 && i < FIELD_COUNT; i++) {
        enum field_id field = (enum field_id)i;
        if (is_field_name(field_name(field), name))
            return (struct synonym){field, SYNONYM_NAME};
        if (holds(synonym_table[i].usual, name))
            return (struct synonym){field, SYNONYM_USUAL};
        if (holds(synonym_table[i].weak, name))
            weak = (struct synonym){field, SYNONYM_WEAK};
    }
    return weak;
}

/* Letters and digits alone, case and accents aside; the index of an array's member is not part of its name.
 */
static struct slice compared_form(struct slice column, struct arena *arena)
{
    char *plain = arena_bytes(arena, column.len);
    size_t len = 0;
    for (size_t i = 0; i < column.len; i++) {
        const char *end = column.data[i] == '[' ? memchr(column.data + i, ']', column.len - i) : NULL;
        if (end)
            i = (size_t)(end - column.data);
        else
            plain[len++] = column.data[i];
    }
    struct slice folded = text_fold_name(slice_make(plain, len), arena);
    char *compact = arena_bytes(arena, folded.len + 1);
    size_t compact_len = 0;
    for (size_t i = 0; i < folded.len; i++)
        if (folded.data[i] != ' ')
            compact[compact_len++] = folded.data[i];
    return slice_make(compact, compact_len);
}

static struct synonym as_part(struct synonym found)
{
    if (found.fit > SYNONYM_PART)
        found.fit = SYNONYM_PART;
    return found;
}

static struct synonym find_without_prefix(struct slice name)
{
    for (size_t i = 0; prefixes[i]; i++) {
        size_t len = strlen(prefixes[i]);
        if (name.len <= len || memcmp(name.data, prefixes[i], len) != 0)
            continue;
        struct synonym found = find_whole(slice_skip(name, len));
        if (found.fit > SYNONYM_WEAK)
            return as_part(found);
    }
    return (struct synonym){FIELD_NONE, SYNONYM_NONE};
}

struct synonym synonyms_find(struct slice column, struct arena *arena)
{
    struct slice rest = column;
    struct synonym weak = {FIELD_NONE, SYNONYM_NONE};

    for (;;) {
        struct slice name = compared_form(rest, arena);
        struct synonym found = find_whole(name);
        if (found.fit > SYNONYM_WEAK)
            return rest.len == column.len ? found : as_part(found);
        if (rest.len == column.len) /* `type` at the end of a path does not mean the customer's */
            weak = found;
        found = find_without_prefix(name);
        if (found.fit != SYNONYM_NONE)
            return found;
        const char *dot = memchr(rest.data, '.', rest.len);
        if (!dot || dot + 1 == rest.data + rest.len)
            return weak;
        rest = slice_make(dot + 1, (size_t)(rest.data + rest.len - dot - 1));
    }
}

void synonyms_match(const struct slice *columns, size_t column_count,
                    struct synonym_match matches[FIELD_COUNT])
{
    struct arena arena;

    arena_init(&arena, 4096);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        matches[i] = (struct synonym_match){SYNONYMS_NO_COLUMN, SYNONYMS_NO_COLUMN, SYNONYM_NONE};
    for (size_t i = 0; i < column_count; i++) {
        struct synonym found =
            columns[i].len ? synonyms_find(columns[i], &arena) : (struct synonym){FIELD_NONE, SYNONYM_NONE};
        arena_reset(&arena);
        if (found.fit == SYNONYM_NONE)
            continue;
        struct synonym_match *match = &matches[found.field];
        if (found.fit > match->fit)
            *match = (struct synonym_match){i, SYNONYMS_NO_COLUMN, found.fit};
        else if (found.fit == match->fit && match->rival == SYNONYMS_NO_COLUMN)
            match->rival = i;
    }
    arena_clear(&arena);
}
