# make-tool-samples: exports of seven tools, for make-samples, which calls it and whose people it uses.
#
# Columns, their order, and how values are written are each tool's own (sources in samples/README.md); the people are
# invented. Returns a reference to a hash: the name of a sample, and what makes its lines.
use strict;
use warnings;
use utf8;

use Encode qw(encode_utf8);

use constant TOOL_ROWS => 300;

# Countries whose numbers may be valid: the samples have no other findings than those that are named.
my @home = map { country($_) } qw(US US US US CA DE DE ES IT NL PL SE AU);
my %demonym = (US => 'American', CA => 'Canadian', DE => 'German', ES => 'Spanish', IT => 'Italian', NL => 'Dutch', PL => 'Polish',
    SE => 'Swedish', AU => 'Australian');
my %english = (US => 'United States', CA => 'Canada', DE => 'Germany', ES => 'Spain', IT => 'Italy', NL => 'Netherlands',
    PL => 'Poland', SE => 'Sweden', AU => 'Australia');
my %state = (US => ['CA', 'California'], CA => ['ON', 'Ontario'], DE => ['BE', 'Berlin'], ES => ['M', 'Madrid'], IT => ['RM', 'Roma'],
    NL => ['NH', 'Noord-Holland'], PL => ['MZ', 'Mazowieckie'], SE => ['AB', 'Stockholm'], AU => ['NSW', 'New South Wales']);
my %place = (US => ['Oakland', '94607'], CA => ['Toronto', 'M5V 2T6'], DE => ['Berlin', '10115'], ES => ['Madrid', '28013'],
    IT => ['Roma', '00184'], NL => ['Amsterdam', '1012 AB'], PL => ['Warszawa', '00-001'], SE => ['Stockholm', '111 20'],
    AU => ['Sydney', '2000']);

# One customer of ours: names of one word, a key, an address, a birth date, a phone number in E.164.
sub customer {
    my $country = pick(@home);
    my $code = $country->[0];
    my $row = person($country);
    (my $first = pick(grep { !/ / } @{$country->[7]})) =~ tr/ //d;
    my $last = pick(grep { !/ / } @{$country->[8]});
    my ($prefix, $national) = ($country->[2], $country->[5]->(@{$country->[6]} ? pick(@{$country->[6]}) : ()));
    $national =~ s/\D//g;
    $national =~ s/^0// unless $code eq 'IT';
    my $number = $row->{customer_id} =~ /(\d+)/ ? $1 : 0;
    return {number => $number, code => $code, first => $first, last => $last, phone => "+$prefix$national", born => [date(1940, 2003)],
        email => join('.', grep { length } ascii($first), ascii($last)) . $number . '@example.com', street => $row->{street},
        street2 => $row->{street2}, city => $place{$code}[0], zip => $place{$code}[1], state => $state{$code}[0],
        state_name => $state{$code}[1], country => $english{$code}, nationality => $demonym{$code},
        job => pick('Engineer', 'Nurse', 'Teacher', 'Accountant', 'Driver', 'student', 'other')};
}

sub iso    { my ($parts) = @_; return sprintf '%04d-%02d-%02d', @$parts }
sub moment { return sprintf '%04d-%02d-%02d %02d:%02d', date(2021, 2025), random(24), random(60) }
sub hex_of { my ($len) = @_; return join '', map { sprintf '%x', random(16) } 1 .. $len }
sub line   { my ($always, @cells) = @_; return encode_utf8(join(',', map { cell($_ // '', $always) } @cells)) . "\n" }

# Identifiers, codes and numbers have an apostrophe before them, so that a spreadsheet leaves them alone.
sub shopify {
    begin(301, 5000000, 1);
    my @lines = line(0, 'Customer ID', 'First Name', 'Last Name', 'Email', 'Accepts Email Marketing', 'Default Address Company',
        'Default Address Address1', 'Default Address Address2', 'Default Address City', 'Default Address Province Code',
        'Default Address Country Code', 'Default Address Zip', 'Default Address Phone', 'Phone', 'Accepts SMS Marketing', 'Total Spent',
        'Total Orders', 'Note', 'Tax Exempt', 'Tags');
    for (1 .. TOOL_ROWS) {
        my $one = customer();
        my $guest = chance(0.04); # who only left a phone number at the checkout
        push @lines, line(0, "'7$one->{number}" . digits(5), $guest ? '' : $one->{first}, $guest ? '' : $one->{last},
            $guest ? '' : $one->{email}, pick('yes', 'no'), chance(0.1) ? 'Example Works' : '', $one->{street}, $one->{street2},
            $one->{city}, $one->{state}, $one->{code}, "'$one->{zip}", "'$one->{phone}", chance(0.3) ? "'$one->{phone}" : '', 'no',
            random(900) . '.' . digits(2), random(20), chance(0.1) ? "Prefers \"morning\" delivery" : '', pick('yes', 'no', 'no'),
            chance(0.3) ? 'vip, newsletter' : '');
    }
    return @lines;
}

# The name of a customer is one text, and most columns are about the card.
sub stripe {
    begin(302, 5100000, 1);
    my @lines = line(0, 'id', 'Description', 'Email', 'Name', 'Created (UTC)', 'Delinquent', 'Card ID', 'Card Last4', 'Card Brand',
        'Card Funding', 'Card Exp Month', 'Card Exp Year', 'Card Name', 'Card Address Line1', 'Card Address Line2', 'Card Address City',
        'Card Address State', 'Card Address Country', 'Card Address Zip', 'Card Issue Country', 'Card Fingerprint', 'Card CVC Status',
        'Card AVS Zip Status', 'Card AVS Line1 Status', 'Card Tokenization Method', 'Plan', 'Status', 'Cancel At Period End',
        'Account Balance', 'Currency', 'Total Spend', 'Payment Count', 'Average Order', 'Refunded Volume', 'Dispute Losses',
        'Business Vat ID');
    for (1 .. TOOL_ROWS) {
        my $one = customer();
        my $middle = chance(0.05) ? 'Maria ' : '';
        my $name = "$one->{first} $middle$one->{last}";
        push @lines, line(0, 'cus_' . join('', map { pick('A' .. 'Z', 'a' .. 'z', 0 .. 9) } 1 .. 14), chance(0.2) ? 'Example Works' : '',
            $one->{email}, $name, moment(), pick('false', 'false', 'true'), 'card_' . hex_of(24), digits(4), pick('Visa', 'MasterCard'),
            pick('credit', 'debit'), 1 + random(12), 2027 + random(4), $name, $one->{street}, $one->{street2}, $one->{city}, $one->{state},
            $one->{code}, $one->{zip}, $one->{code}, hex_of(16), pick('pass', 'unchecked'), 'pass', 'pass', '', '', '', '', '0.00', 'usd',
            random(900) . '.' . digits(2), 1 + random(20), random(90) . '.' . digits(2), '0.00', '0.00', '');
    }
    return @lines;
}

# Every cell has quotes; states and countries are words, birth dates text as somebody typed it.
sub hubspot {
    begin(303, 5200000, 1);
    my @lines = line(1, 'Record ID', 'First Name', 'Last Name', 'Email', 'Phone Number', 'Mobile Phone Number', 'Contact owner',
        'Lead Status', 'Create Date', 'Marketing contact status', 'Date of birth', 'Street Address', 'City', 'State/Region', 'Postal Code',
        'Country/Region', 'IP Country', 'Job Title', 'Company Name', 'Associated Company', 'Associated Company IDs', 'Lifecycle Stage',
        'Last Activity Date');
    for (1 .. TOOL_ROWS) {
        my $one = customer();
        my ($year, $month, $day) = @{$one->{born}};
        push @lines, line(1, $one->{number} . digits(3), $one->{first}, $one->{last}, $one->{email}, $one->{phone},
            chance(0.1) ? $one->{phone} : '', 'Sam Owner (sam@example.com)', pick('NEW', 'OPEN', ''), moment(),
            pick('Marketing contact', 'Non-marketing contact'), sprintf('%02d/%02d/%04d', $month, $day, $year), $one->{street}, $one->{city},
            $one->{state_name}, $one->{zip}, $one->{country}, lc $one->{country}, pick('Owner', 'Buyer', ''), chance(0.3) ? 'Example Works' : '',
            '', '', pick('Customer', 'Lead'), moment());
    }
    return @lines;
}

# Data Loader: names of columns in capitals, every cell in quotes, streets of several lines, deleted records too.
sub salesforce {
    begin(304, 5300000, 1);
    my @lines = line(1, qw(ID ISDELETED MASTERRECORDID ACCOUNTID LASTNAME FIRSTNAME SALUTATION NAME OTHERSTREET OTHERCITY OTHERSTATE
        OTHERPOSTALCODE OTHERCOUNTRY MAILINGSTREET MAILINGCITY MAILINGSTATE MAILINGPOSTALCODE MAILINGCOUNTRY PHONE FAX MOBILEPHONE HOMEPHONE
        OTHERPHONE ASSISTANTPHONE REPORTSTOID EMAIL TITLE DEPARTMENT ASSISTANTNAME LEADSOURCE BIRTHDATE DESCRIPTION OWNERID
        HASOPTEDOUTOFEMAIL DONOTCALL CREATEDDATE LASTMODIFIEDDATE NATIONALITY__C));
    my @accounts = map { '001' . join '', map { pick('A' .. 'Z', 'a' .. 'z', 0 .. 9) } 1 .. 15 } 1 .. 20;
    for (1 .. TOOL_ROWS) {
        my $one = customer();
        my $other = chance(0.1);
        my $created = sprintf '%04d-%02d-%02dT%02d:%02d:00.000Z', date(2019, 2025), random(24), random(60);
        push @lines, line(1, '003' . join('', map { pick('A' .. 'Z', 'a' .. 'z', 0 .. 9) } 1 .. 15), chance(0.05) ? 'true' : 'false', '',
            pick(@accounts), $one->{last}, $one->{first}, pick('Mr.', 'Ms.', ''), "$one->{first} $one->{last}",
            $other ? '2 Pine Street' : '', $other ? 'Oakland' : '', $other ? 'California' : '', $other ? '94607' : '',
            $other ? 'United States' : '', $one->{street} . ($one->{street2} ? "\n$one->{street2}" : ''), $one->{city}, $one->{state_name},
            $one->{zip}, $one->{country}, chance(0.2) ? $one->{phone} : '', '', $one->{phone}, '', '', chance(0.1) ? '+14155550199' : '', '',
            $one->{email}, pick('Owner', 'CFO', ''), '', '', pick('Web', 'Phone', ''), iso($one->{born}), '', '005A0000001example',
            pick('true', 'false'), 'false', $created, $created, $one->{nationality});
    }
    return @lines;
}

# Profiles in which each application has put what it needs; `name` is the e-mail address of those who gave no name.
sub auth0 {
    begin(305, 5400000, 1);
    my @lines;
    for (1 .. TOOL_ROWS) {
        my $one = customer();
        my $id = hex_of(24);
        my $seen = sprintf '%04d-%02d-%02dT%02d:%02d:00.%sZ', date(2022, 2025), random(24), random(60), digits(3);
        push @lines, encode_utf8(json({o => [
            user_id => "auth0|$id", email => $one->{email}, email_verified => \pick('true', 'true', 'false'), name => $one->{email},
            nickname => ascii($one->{first}) || 'user', picture => "https://gravatar.example/avatar/$id",
            given_name => $one->{first}, family_name => $one->{last}, phone_number => $one->{phone}, created_at => $seen, updated_at => $seen,
            identities => [{o => [user_id => $id, provider => 'auth0', connection => 'Username-Password-Authentication', isSocial => \'false']}],
            user_metadata => {o => [birthdate => iso($one->{born}), nationality => $one->{nationality}, occupation => $one->{job},
                address => {o => [street_address => $one->{street}, locality => $one->{city}, region => $one->{state},
                    postal_code => $one->{zip}, country => $one->{country}]}, locale => 'en-US']},
            app_metadata => {o => [plan => pick('free', 'pro'), tos_version => \(1 + random(3))]},
            last_login => $seen, last_ip => '192.0.2.' . random(250), logins_count => \(1 + random(300)), blocked => \(chance(0.05) ? 'true' : 'false'),
        ]})) . "\n";
    }
    return @lines;
}

# mongoexport: an object a line, typed; a date before 1970 has another form than a later one.
sub mongodb {
    begin(306, 5500000, 1);
    my @lines;
    for (1 .. TOOL_ROWS) {
        my $one = customer();
        my ($year, $month, $day) = @{$one->{born}};
        require Time::Local;
        my $ms = Time::Local::timegm(0, 0, 0, $day, $month - 1, $year) * 1000;
        my $date = {o => ['$date' => $year < 1970 ? {o => ['$numberLong' => "$ms"]} : iso($one->{born}) . 'T00:00:00Z']};
        my $created = {o => ['$date' => sprintf '%04d-%02d-%02dT%02d:%02d:00.%sZ', date(2021, 2025), random(24), random(60), digits(3)]};
        push @lines, encode_utf8(json({o => [
            _id => {o => ['$oid' => hex_of(24)]}, email => $one->{email}, phone => $one->{phone}, firstName => $one->{first},
            lastName => $one->{last}, dob => $date, birthPlace => {o => [city => $one->{city}, country => $one->{code}]},
            address => {o => [street => $one->{street}, city => $one->{city}, state => $one->{state}, zip => $one->{zip},
                country => $one->{code}]}, citizenships => [$one->{code}], occupation => $one->{job},
            status => pick('active', 'active', 'active', 'closed'), balance => {o => ['$numberDecimal' => random(900) . '.' . digits(2)]},
            createdAt => $created, _class => 'com.example.Customer', __v => \0,
        ]})) . "\n";
    }
    return @lines;
}

# COPY (SELECT …) TO … WITH (FORMAT csv, HEADER, NULL '\N'): booleans are t and f, what is missing is \N.
sub postgresql {
    begin(307, 5600000, 1);
    my @lines = line(0, qw(id uuid first_name last_name email phone birth_date birth_city birth_country street_line1 street_line2 city
        region postcode country_code nationality occupation is_verified marketing_opt_in created_at updated_at deleted_at));
    for (1 .. TOOL_ROWS) {
        my $one = customer();
        my $uuid = join '-', map { hex_of($_) } 8, 4, 4, 4, 12;
        my $created = sprintf '%04d-%02d-%02d %02d:%02d:%02d.%s+00', date(2019, 2025), random(24), random(60), random(60), digits(6);
        push @lines, line(0, $one->{number}, $uuid, $one->{first}, $one->{last}, $one->{email}, $one->{phone}, iso($one->{born}),
            $one->{city}, $one->{code}, $one->{street}, $one->{street2} || '\N', $one->{city}, $one->{state}, $one->{zip}, $one->{code},
            $one->{nationality}, $one->{job}, pick('t', 'f'), pick('t', 'f'), $created, $created, chance(0.06) ? $created : '\N');
    }
    return @lines;
}

{
    'shopify.csv' => \&shopify, 'stripe.csv' => \&stripe, 'hubspot.csv' => \&hubspot, 'salesforce.csv' => \&salesforce,
    'auth0.ndjson' => \&auth0, 'mongodb.ndjson' => \&mongodb, 'postgresql.csv' => \&postgresql,
};
