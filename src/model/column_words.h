/* column_words: the words of columns' names, for column_name.c alone.
 *
 * Folded as by text_fold_name. In a list, each word has a blank before and behind it. Thread: constant.
 */
#ifndef KYC_MODEL_COLUMN_WORDS_H
#define KYC_MODEL_COLUMN_WORDS_H

#include "model/column_name.h"

/* Names that mean a field only to guess: `fields: auto` would change what jobs send. */
static const struct {
    enum field_id field;
    const char *names;
} extra_names[] = {
    {FIELD_EXTERNAL_ID,
     " kunnr  localid cognitousername employeenumber sub customeralternatekey  cif cifno cifnumber cifid recordid contactid personid leadid objectid oid customerkey "
     "clientkey userkey partyid partyno subscriberid holderid profileid dossierno matricule datensatzid idderegistro iddoregistro idrecord "},
    {FIELD_EMAIL, " smtpaddr  emailid emailaddr mailid "},
    {FIELD_PHONE,
     " telf1 telf2  whatsapp whatsappnumber phonecell mobiltelefonnummer mobilephoneno contactphone contactno "},
    {FIELD_FIRST_NAME, " fn givennamesname firstgivenname christianname firstmiddlename "},
    {FIELD_LAST_NAME, " ln secondsurname familysurname lastfamilyname "},
    {FIELD_DATE_OF_BIRTH, " bday birthdaydate dateofbirthdob dobdate bornat datebirth dayofbirth "},
    {FIELD_ADDRESS_LINE1,
     " stras  streetandhousenumber streethousenumber streetandno streetno housenumberandstreet strassenummer  streetline1 addressstreetline1 street1name streetandnumber streetnumberandname "
     "thoroughfare houseaddress premise "},
    {FIELD_ADDRESS_LINE2, " streetline2 addressstreetline2 building "},
    {FIELD_CITY, " ort01  citylocality townorcity citytownvillage village "},
    {FIELD_STATE,
     " regio  stprovincecode stprovince stateprovincename  stateregion stateterritory provincestate statecounty administrativearealevel1 "
     "countrysubdivision stateprovincecode prefecture "},
    {FIELD_POSTAL_CODE, " pstlz  zippostal postalcodezip zipcodepostalcode zip5 postcodezip postalzipcode "},
    {FIELD_COUNTRY,
     " land1  countryid countryregioncode  countryregion countrycode2 countrycode3 isocountry countrylabel residentcountry "},
    {FIELD_NATIONALITIES, " staatsangeh  countryofnationality nationalitycountry "},
    {FIELD_GENDER, " gendercode sexcode genderidentity "},
    {FIELD_OCCUPATION, " occupationtitle occupationname "},
    {FIELD_LANGUAGE, " spras  langcode preferredlang preflanguage "},
    {FIELD_BIRTH_CITY, " birthlocation "},
};

static const struct {
    const char *token, *meaning;
} abbreviations[] = {
    {"nm", "name"},
    {"cd", "code"},
    {"nbr", "number"},
    {"num", "number"},
    {"nr", "no"},
    {"dt", "date"},
    {"dte", "date"},
    {"adr", "address"},
    {"addr", "address"},
    {"addrs", "address"},
    {"add", "address"},
    {"ln", "line"},
    {"frst", "first"},
    {"fst", "first"},
    {"lst", "last"},
    {"mob", "mobile"},
    {"mbl", "mobile"},
    {"tel", "telephone"},
    {"ph", "phone"},
    {"phn", "phone"},
    {"ctry", "country"},
    {"cntry", "country"},
    {"cntr", "country"},
    {"cty", "city"},
    {"prov", "province"},
    {"str", "street"},
    {"strt", "street"},
    {"pstl", "postal"},
    {"pst", "postal"},
    {"eml", "email"},
    {"mid", "middle"},
    {"mdl", "middle"},
    {"surnm", "surname"},
    {"cust", "customer"},
    {"cstmr", "customer"},
    {"clnt", "client"},
    {"brth", "birth"},
    {"bth", "birth"},
    {"natl", "nationality"},
    {"natlty", "nationality"},
    {"ntlty", "nationality"},
    {"occ", "occupation"},
    {"occup", "occupation"},
    {"gndr", "gender"},
    {"lang", "language"},
    {"fname", "firstname"},
    {"lname", "lastname"},
    {"co", "company"},
    {"org", "organization"},
    {"zp", "zip"},
    {"typ", "type"},
    {"res", "residence"},
};

static const struct {
    const char *token;
    enum column_group group;
} group_words[] = {
    {"home", COLUMN_GROUP_HOME},           {"residential", COLUMN_GROUP_HOME},
    {"residence", COLUMN_GROUP_HOME},      {"permanent", COLUMN_GROUP_HOME},
    {"registered", COLUMN_GROUP_HOME},     {"physical", COLUMN_GROUP_HOME},
    {"primary", COLUMN_GROUP_HOME},        {"default", COLUMN_GROUP_HOME},
    {"domicile", COLUMN_GROUP_HOME},       {"privat", COLUMN_GROUP_HOME},
    {"mailing", COLUMN_GROUP_MAILING},     {"correspondence", COLUMN_GROUP_MAILING},
    {"billing", COLUMN_GROUP_BILLING},     {"bill", COLUMN_GROUP_BILLING},
    {"invoice", COLUMN_GROUP_BILLING},     {"payment", COLUMN_GROUP_BILLING},
    {"rechnung", COLUMN_GROUP_BILLING},    {"facturation", COLUMN_GROUP_BILLING},
    {"facturacion", COLUMN_GROUP_BILLING}, {"card", COLUMN_GROUP_CARD},
    {"cardholder", COLUMN_GROUP_CARD},     {"shipping", COLUMN_GROUP_SHIPPING},
    {"ship", COLUMN_GROUP_SHIPPING},       {"delivery", COLUMN_GROUP_SHIPPING},
    {"lieferung", COLUMN_GROUP_SHIPPING},  {"livraison", COLUMN_GROUP_SHIPPING},
    {"envio", COLUMN_GROUP_SHIPPING},      {"work", COLUMN_GROUP_WORK},
    {"business", COLUMN_GROUP_WORK},       {"office", COLUMN_GROUP_WORK},
    {"other", COLUMN_GROUP_OTHER},         {"secondary", COLUMN_GROUP_OTHER},
    {"alternate", COLUMN_GROUP_OTHER},     {"alternative", COLUMN_GROUP_OTHER},
    {"temporary", COLUMN_GROUP_OTHER},     {"previous", COLUMN_GROUP_OTHER},
};

/* Whose it is. With a number or an id behind it, the key. */
static const char person_words[] =
    " customer client user member person contact record applicant account holder "
    "profile subscriber lead party beneficiary individual owner kunden kunde cliente "
    "klant klient payer buyer sender shopper ";

/* What says nothing of a value. */
static const char lead_words[] =
    " the your my please enter provide what is legal current present main principal "
    "personal registered metadata app data attributes properties custom cf traits details "
    "info information field fields address addresses adresse direccion indirizzo endereco "
    "adres from to 1 preferred verified raw basic general user ";
static const char trail_words[] =
    " value text txt desc descr val iso iso2 iso3 alpha2 alpha3 1 c pc primary main default current utc "
    "field address ";
/* Behind a dash, what is not the value itself: `Phone 1 - Label`. */
static const char other_words[] =
    " label type owner status source notes note group consent verified count formatted ";
/* Another person than the customer: `Date of birth (spouse)`. */
static const char relative_words[] =
    " spouse husband wife father mother parent parents guardian child children son daughter sibling emergency "
    "nominee kin witness referrer ehepartner ehegatte ehefrau ehemann vater mutter kind notfall conjoint "
    "pere mere enfant conyuge padre madre hijo coniuge figlio ";
/* Behind these is a remark: `First name as in passport`. */
static const char remark_words[] = " as per incl including eg optional required ";

static const char full_names[] =
    " name fullname completename nameincap nameoncard cardholdername holdername displayname namefull nameinfull "
    "firstandlastname firstnamelastname firstlastname firstnameandlastname nameandsurname namesurname "
    "namecomplete nomcomplet prenomnom prenometnom nombrecompleto nombreyapellidos nombreapellidos nomecompleto "
    "nomecognome nomeecognome vollername vollstandigername vollstaendigername vornamenachname "
    "vorundnachname volledigenaam naam imieinazwisko imienazwisko ";
static const char full_names_last_first[] =
    " lastnamefirstname lastfirstname lastfirst surnamename surnamefirstname lastnamecommafirstname "
    "nomprenom nometprenom nomprenoms apellidosynombre apellidosnombre apellidosynombres cognomenome "
    "namevorname nachnamevorname nazwiskoimie nazwiskoiimie фио 氏名 お名前 ";

/* Whether a record is a customer: by the words of a name in one, without `is` and `account` before it. */
static const char ended_words[] =
    " deletedat deletedon deletedate datedeleted deletiondate closedat closedon closeddate closingdate "
    "archivedat archivedon deactivatedat cancelledat canceledat removedat terminatedat enddate ";
static const char gone_words[] =
    " deleted delflag deletedflag softdeleted blocked disabled archived closed removed suspended banned inactive "
    "deactivated cancelled canceled geloescht geloscht gesperrt test testaccount ";
static const char here_words[] = " active enabled activeflag aktiv actif activo ";
static const char status_words[] =
    " status accountstatus customerstatus userstatus recordstatus statuscode statut estado stato "
    "lifecyclestage lifecycle customerlifecycle customerstage stage lifecyclephase ";

/* Parts of a street and of a birth date, by the words of a name in one. */
static const char house_number_words[] =
    " houseno housenumber housenr hausnummer hausnr hausno nr no streetno streetnumber numerocivico civico huisnummer "
    "numero housenum housenum1 numerodomu nrdomu numerocasa numeroexterior buildingnumber ";
static const char day_words[] = " day dayofbirth dobday dobdd geburtstagtag jour dia tag ";
static const char month_words[] =
    " month birthmonth monthofbirth dobmonth dobmm geburtsmonat mois mes monat ";
static const char year_words[] = " year birthyear yearofbirth dobyear dobyyyy geburtsjahr annee ano jahr ";

#endif
