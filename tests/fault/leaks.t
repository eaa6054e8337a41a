#!/usr/bin/perl
# Nothing leaks: after every command, under faults and with a provider that quotes every request, every stream and
# every file is searched for each secret and for each marked value of the input, in every form that it could have.
#
# What may contain what:
#
#   place                                          secret   personal data   the customer's own key
#   standard output and error of every command     no       no              yes
#   log lines, -v and --log-format json            no       no              yes
#   ledger, -wal, -shm: bytes and rows             no       no              yes
#   LEDGER.key                                     its own digest key, and nothing else
#   LEDGER.lock, the locks of the API keys         no       no              no
#   summary.json, metrics/, report.html            no       no (masked)     yes
#   refresh.json                                   no       no (masked)     no
#   REPORT/history/TIME/, history/index.html       no       no (masked)     yes
#   a notification, its program's environment      no       no              no: it goes to third parties
#   our command line and environment meanwhile     no       no              no
#   a backup and its receipt                       no       no              yes; its .key as LEDGER.key
#   the receipt of forget, and what it leaves      no       no              yes, as typed
#   adopt.json (0600)                              no       no              yes
#   links.csv (0600)                               no       no              yes, and verification links, which are in no other place
#   rejects.*, broken.* (0600, folder 0700)        no       yes             yes
#   command line, names of files                   no       no              no
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(encode_utf8 decode_utf8);
use MIME::Base64 qw(encode_base64 decode_base64);
use Test::More;
use Unicode::Normalize qw(NFD);
use KycTest;
use KycRun;
use KycHostile;
use KycParallel;

use constant ROWS => 36; # each way of quoting is used

# Each value of a row is marked with the row's number, and found by it.
sub person
{
    my ($i) = @_;
    my $n = sprintf '%02d', $i;
    return {
        id => "key-$n", given => "Zqgiven$n Zqsecond$n", family => "Zqfämily$n", email => "Zqmail$n\@zqhost$n.example",
        mobile => "(415) 555-01$n", phone => "415555" . "01$n", day => [1900 + 40 + $i, sprintf('%02d', 1 + $i % 12), sprintf('%02d', 1 + $i % 28)],
        birth_city => "Zqborn$n", street => "$n Zqstreet$n", city => "Zqtown$n", zip => "ZQ$n 9QZ", ssn => "90070" . "77$n",
        document => "ZQDOC77$n", scan => "https://files.example.com/Zqscan$n.png?sig=Zqsigned$n",
    };
}

sub row
{
    my ($p) = @_;
    my ($y, $m, $d) = @{$p->{day}};
    return join ',', $p->{id}, $p->{given}, $p->{family}, $p->{email}, $p->{mobile}, "$d/$m/$y", $p->{birth_city}, 'US', $p->{street},
        $p->{city}, $p->{zip}, 'US', 'US', 'computers_and_it', $p->{ssn}, $p->{document}, $p->{scan};
}

# A verification link of a user; each answer that could name one has another.
sub link_of { my ($n, $answer) = @_; return sprintf 'https://verify.example/zqlink%02d-%s?t=ZqTokenOfLink%02dABCDEFGH', $n, $answer, $n; }
sub link_marks { my ($i) = @_; my $n = sprintf '%02d', $i; return map { ["link $n", forms($_)] } "verify.example/zqlink$n", "ZqTokenOfLink$n"; }

# name => the words that identify it, in the forms that a person or a program could have written.
sub marks
{
    my ($p) = @_;
    my ($y, $m, $d) = @{$p->{day}};
    my ($month, $short, $monat) = ((qw(January February March April May June July August September October November December))[$m - 1],
        (qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec))[$m - 1], (qw(Januar Februar März April Mai Juni Juli August September Oktober November Dezember))[$m - 1]);
    my ($day, $last) = ($d + 0, substr $p->{phone}, -4);
    return (
        'birth date in words' => ["$day $month $y", "$month ${day}th", "$month $day, $y", "$day-$short-" . substr($y, 2), "$day. $monat $y"],
        'last four digits' => ["ending in $last", "****$last"], 'post code without its blank' => [$p->{zip} =~ tr/ //dr],
        'a word of the given name' => [split ' ', $p->{given}], 'CONCAT' => ["$y$m${d}ZQGIV"],
        'given name' => [$p->{given}], 'family name' => [$p->{family}], 'e-mail' => [$p->{email}, $p->{email} =~ s/\@.*//r, $p->{email} =~ s/.*\@//r],
        'phone' => [$p->{mobile}, $p->{phone}, '415-555-' . substr($p->{phone}, 6), '415 555 ' . substr($p->{phone}, 6), '555-' . substr($p->{phone}, 6)],
        'birth date' => ["$y-$m-$d", "$d/$m/$y", "$m/$d/$y", "$d.$m.$y", "$y$m$d", "$y/$m/$d"],
        'birth city' => [$p->{birth_city}], 'street' => [$p->{street}], 'city' => [$p->{city}], 'postal code' => [$p->{zip}],
        'national id' => [$p->{ssn}, $p->{ssn} =~ s/^(...)(..)/$1-$2-/r], 'document number' => [$p->{document}],
        'document file' => [$p->{scan} =~ /(Zqscan\d+)/, $p->{scan} =~ /(Zqsigned\d+)/],
    );
}

sub ascii_small { return $_[0] =~ tr/A-Z/a-z/r }
sub percent { return encode_utf8($_[0]) =~ s/([^A-Za-z0-9.~_-])/sprintf '%%%02X', ord $1/ger }
sub json_escaped { return $_[0] =~ s/([^\x20-\x2e\x30-\x7e])/sprintf '\\u%04x', ord $1/ger }
sub html_escaped { return $_[0] =~ s/([^A-Za-z0-9 ])/'&#' . ord($1) . ';'/ger }
sub without_marks { return NFD($_[0]) =~ s/\pM//gr }

# The patterns: [bytes, whether case counts]. Base64 begins at any of three positions of its text, so its inner part is searched.
sub forms
{
    my ($text) = @_;
    my $bytes = encode_utf8($text);
    my %forms = ('as it is' => $bytes, 'in capitals' => encode_utf8(uc $text), 'in small letters' => encode_utf8(lc $text), 'taken apart' => encode_utf8(NFD($text)),
        'without accents' => encode_utf8(without_marks($text)), 'percent-encoded' => percent($text), 'percent-encoded twice' => percent(percent($text)),
        'in JSON escapes' => json_escaped($text), 'in HTML escapes' => html_escaped($text), 'in latin1' => Encode::encode('latin1', $text), 'in UTF-16' => Encode::encode('UTF-16LE', $text));
    my %patterns = map { $_ => [ascii_small($forms{$_}), 0] } keys %forms;
    $patterns{'in hexadecimal'} = [unpack('H*', $bytes), 0];
    for my $shift (0 .. 2) {
        my $coded = encode_base64('x' x $shift . $bytes, '');
        my $inner = substr $coded, $shift ? 4 : 0;
        $inner =~ s/.?.?.?.?=*\z// if length $inner > 12;
        $patterns{"in base64, $shift"} = [$inner, 1] if length $inner >= 8;
    }
    return \%patterns;
}

# Words to search for, and patterns of all their forms at once, which perl matches in one pass as a trie: one `index` for
# each of twenty thousand forms takes a thousand times as long.
sub search_for
{
    my (@words) = @_;
    my @forms = map { values %{$_->[1]} } @words;
    local ${^RE_TRIE_MAXBUF} = 1 << 27;
    my ($small, $exact) = map {
        my $case_counts = $_;
        my %distinct = map { ($_->[0] => 1) } grep { $_->[1] == $case_counts && length $_->[0] } @forms;
        my $any = join('|', map { quotemeta } sort keys %distinct) || '(?!)';
        qr/$any/;
    } 0, 1;
    return {words => \@words, small => $small, exact => $exact};
}

# Whether any of the words occurs in some bytes, in any form.
sub occurs { my ($bytes, $search) = @_; return ascii_small($bytes) =~ $search->{small} || $bytes =~ $search->{exact} }

# Which words occur: ("e-mail in capitals", …).
sub found
{
    my ($bytes, $search) = @_;
    my ($small, @found) = (ascii_small($bytes));
    for my $word (@{$search->{words}}) {
        my ($name, $patterns) = @$word;
        for my $form (sort keys %$patterns) {
            my ($pattern, $case_counts) = @{$patterns->{$form}};
            my $at = index $case_counts ? $bytes : $small, $pattern;
            push @found, sprintf '%s %s: …%s…', $name, $form, substr($bytes, $at > 30 ? $at - 30 : 0, 100) =~ s/[^\x20-\x7e]/./gr if $at >= 0;
        }
    }
    return @found;
}

# One test: none of them occurs.
sub is_clean
{
    my ($bytes, $search, $sentence) = @_;
    return 1 if ok(!occurs($bytes, $search), $sentence);
    my @found = found($bytes, $search);
    diag join "\n", @found[0 .. ($#found > 7 ? 7 : $#found)];
    return 0;
}

# The provider quotes the request, for each customer in another way; some answers are lost, some users are created.
sub quotes
{
    my ($head, $body, $n) = @_;
    my $text = decode_utf8($body);
    my $p = person($n);
    my %marks = marks($p);
    my ($mail) = $text =~ /"email":"([^"]+)"/;
    return (
        $body, uc $text, lc $text, percent($text), percent(percent($text)), json_escaped($text), html_escaped($text), encode_base64($body, ''),
        without_marks($text), NFD($text), $head, json_escaped($head), percent($head), encode_base64($head, ''), '{"error":' . $body . '}',
        join("\x{200b}", split //, $text), "born $text", "$mail is taken by $mail",
        # As a person would write it.
        (map { "born on $_, says the document" } @{$marks{'birth date in words'}}), (map { "the phone $_ is of another user" } @{$marks{'last four digits'}}),
        "post code @{$marks{'post code without its blank'}} is unknown", (map { "another user is called $_" } @{$marks{'a word of the given name'}}),
        'client_identifier ' . join('', @{$p->{day}}) . 'ZQGIVZQF## exists',
    );
}

# Request ids made of personal data.
sub request_id
{
    my ($n, $mail, $body) = @_;
    my $p = person($n);
    my $ssn = $body =~ /$p->{ssn}/ ? $p->{ssn} : $mail; # what a provider is not sent it cannot quote
    return ($mail, uc $mail, "1$p->{phone}", join('', @{$p->{day}}), $ssn, "req-$p->{phone}-1", join('-', @{$p->{day}}) . 'T1', $p->{zip} =~ tr/ //dr, (split ' ', $p->{given})[1])[$n % 9];
}

# What follows the creates: the users as they were created, with a state and a reason that quotes the person in one of the
# ways; links, and refusals that quote one; documents, refused with everything that was sent.
sub user_answer
{
    my ($provider, $folder, $n, $phase) = @_;
    my $json = JSON::PP->new->utf8;
    my $body = read_file("$folder/body-$n");
    my $user = $json->decode($body);
    my @quotes = quotes('', $body, $n);
    my $reason = $quotes[($n + 5 * $phase) % @quotes];
    my $word = $phase == 1 ? "held, " . person($n)->{given} : undef; # not one of its words
    my $id = "user-of-customer-$n";
    my $action = {action_type => $word || 'verification', verification_type => 'identity', reasons => [$reason]};
    return {data => {%$user, id => $id, status => {state => 'ok', required_actions => [$action]}}} if $provider eq 'payward';
    return {result => {%$user, user => $id, status => {state => 'ok', required_actions => [$action]}}} if $provider eq 'kraken-embed';
    return {%$user, id => $id, verification_status => $word || 'needs_action', missing_fields => [$reason]} if $provider eq 'kira';
    return {%{$user->{user}}, id => $id, kyc => {general => {status => $word || 'retry_required', moderation_comment => $reason}}};
}

sub later_answer
{
    my ($provider, $folder, $phase, $head, $body) = @_;
    my $json = JSON::PP->new->utf8;
    my ($n) = $head =~ m{/user-of-customer-(\d\d)};
    my @made = sort map { /body-(\d\d)$/ } glob "$folder/body-*";
    if (!defined $n) {
        my @users = map { user_answer($provider, $folder, $_, $phase) } @made;
        return hostile_answer(500, encode_utf8("$head " . $json->encode(\@users))) if $phase == 3;
        # kira's listing shows no person; what it says of one cannot be compared with a name
        @users = map { {id => $_->{id}, email => $_->{email}, verification_status => $_->{verification_status}} } @users if $provider eq 'kira';
        return hostile_answer(200, $json->encode($provider eq 'payso' ? {users => \@users} : {data => \@users, total => scalar @users}));
    }
    my $k = $n / 6 + $phase;
    if ($head =~ /^GET/) {
        my $answer = user_answer($provider, $folder, $n, $phase);
        $answer = {user => $answer} if $provider eq 'payso';
        return hostile_answer(500, $json->encode({message => $json->encode($answer)})) if $k % 6 == 5;
        return hostile_answer(422, $json->encode({message => read_file("$folder/body-$n"), errors => [person($n)->{email}]})) if $k % 6 == 4;
        return hostile_answer(200, $json->encode($answer));
    }
    my $url = link_of($n, $k);
    my $made = $provider eq 'payso' ? {kyc => {user_id => "user-of-customer-$n", url => $url}} : {user_id => "user-of-customer-$n", url => $url};
    my $everything = encode_utf8(join ' ', $head, $url, person($n)->{email}, person($n)->{scan}, person($n)->{family}, person($n)->{given}) . $body;
    return hostile_answer(400, $everything) if $k % 6 == 1;
    return hostile_answer(422, $json->encode({message => decode_utf8($everything), code => $url, errors => [$url]})) if $k % 6 == 2;
    return hostile_answer(500, "$url of " . person($n)->{email}) if $k % 6 == 3;
    return hostile_answer(200, $json->encode({%$made, error => "no, see $url"})) if $k % 6 == 4;
    return hostile_answer(200, $head =~ m{/verifications} && $provider ne 'kira' ? '{"data":{"verification_id":"v-1"},"result":{"verification_id":"v-1"}}' : $json->encode($made));
}

sub quoting_server
{
    my ($provider, $folder) = @_;
    my $made = {payward => '{"data":{"id":"%s"}}', 'kraken-embed' => '{"result":{"user":"%s"}}', kira => '{"id":"%s"}', payso => '{"user":{"id":"%s"}}'}->{$provider};
    return hostile_start(sub {
        my ($socket, $head, $body) = @_;
        return print {$socket} hostile_answer(401, "these are wrong: $head$body", $head =~ /^(?:x-)?api-key: (\S+)/mi ? "X-Request-Id: $1" : ()) if -e "$folder/stop";
        return print {$socket} hostile_answer(200, '{"data":{"access_token":"TOKEN-OF-LOGIN-0123456789","expires_in":3600}}') if $head =~ m{^POST /kira/auth };
        return print {$socket} later_answer($provider, $folder, read_file("$folder/phase"), $head, $body) if -e "$folder/phase";
        return print {$socket} hostile_answer(404, encode_utf8($head . $body)) if $head !~ /^POST/;
        my ($n) = $body =~ /Zqgiven(\d\d)/i;
        write_file("$folder/body-$n", $body) if $n % 6 == 0;
        my @quotes = map { encode_utf8($_) } quotes($head, $body, $n);
        my $quote = $quotes[($n - int($n / 6)) % @quotes]; # every sixth is not quoted
        my ($mail) = $body =~ /"email":"([^"]+)"/;
        my $id = request_id($n, $mail, $body);
        my $answer = $n % 6 == 0 ? hostile_answer(201, sprintf($made, "user-of-customer-$n"), "X-Request-Id: $id")
            : $n % 6 == 1 || $n % 6 == 2 ? hostile_answer(400, $quote, "X-Request-Id: $id")
            : $n % 6 == 3 ? hostile_answer(422, JSON::PP->new->utf8(0)->encode({message => $quote, code => $mail, errors => [$quote]}), "X-Trace-Id: $id")
            : $n % 6 == 4 ? hostile_answer(500, $quote) : hostile_answer(200, $quote);
        print {$socket} $answer if $n != 11;
    });
}

# The secrets of a case, and values derived from them.
sub secrets
{
    my ($server, $provider, $key_file) = @_;
    my ($line) = $server->{out} =~ /: \Q$provider\E: (.*)/;
    my %secret = map { split / /, $_, 2 } split /, /, $line;
    $secret{'api_secret, decoded'} = decode_base64($secret{api_secret}) if $secret{api_secret};
    $secret{'token of the login'} = 'TOKEN-OF-LOGIN-0123456789' if $provider eq 'kira';
    return map { [$_, forms($secret{$_})] } sort keys %secret;
}

sub gunzipped { my ($status, $out) = run_program('gunzip', '-c', $_[0]); return $out }

# The providers in parallel: most of the time each run waits for the window after the last one.
cells_run(4, map {
    my $provider = $_;
    {name => $provider, run => sub {
        my $folder = scratch_folder();
        my $server = quoting_server($provider, $folder);
        my $header = 'customer_id,given_name,family_name,email,mobile,dob,birth_city,birth_country,street,city,zip,country,nats,job_title,ssn,doc,scan';
        my @people = map { person($_) } 1 .. ROWS + 5;
        my @rows = map { row($_) } @people;
        $rows[ROWS] =~ s/\@/ at /;                     # rejected, with messages that quote it
        $rows[ROWS + 1] =~ s{,\d\d/\d\d/(\d{4}),}{,31/02/$1,};
        $rows[ROWS + 2] =~ s/,Zq/,"Zq"x/;             # no CSV
        $rows[ROWS + 3] =~ s/(Zqgiven)/$1\x{200b}/;   # a warning, and then the provider's
        # These come first, so that a stopped run has read them.
        @rows = (@rows[ROWS .. $#rows], @rows[0 .. ROWS - 1]);
        my $case = case_new($server, provider => $provider, rows => ROWS, csv => encode_utf8(join '', map { "$_\n" } $header, @rows),
            set => {'delivery.timeout' => '500ms', 'delivery.attempts' => 2, 'delivery.stop_after.refused_in_a_row' => 1000,
                'delivery.stop_after.refused_share' => '100%', $provider eq 'payso' ? ('provider.settle_after' => '1s') : ()});
        my $job = read_file("$case->{folder}/job.yaml");
        $job =~ s/date_of_birth: dob/date_of_birth: {column: dob, format: DD\/MM\/YYYY}/;
        $job =~ s/^  national_id: .*/  national_id: ssn/m;
        $job .= "  document_number: doc\n  document_type: {value: passport}\n  document_country: {value: US}\n" if $provider eq 'kira';
        my $documents = $provider =~ /^(?:payward|kraken-embed)$/;
        $job .= "  documents:\n    - {type: {value: passport}, number: doc, country: {value: US}, files: {front: scan}}\n" if $documents;
        $job =~ s/^(  name: .*)/$1\n  verifier: Example Checks/m if $documents;
        $job .= "rules:\n  - {rule: unique, field: email, level: warn}\n  - {field: city, must_not_match: '7', level: warn}\n";
        $job .= "notify:\n  command: ./tell\n  on: [0, 1, 2, 3, 4, 5, 6, 7]\n";
        write_file("$case->{folder}/job.yaml", $job);
        # What a notification has, and what its program could look at.
        write_file("$case->{folder}/tell", qq(#!/bin/sh\ncd "\$(dirname "\$0")"\ncat >>told\n(env; tr '\\0' '\\n' </proc/\$PPID/environ; tr '\\0' '\\n' </proc/\$PPID/cmdline) >>told.beside\n));
        chmod 0755, "$case->{folder}/tell" or die $!;

        my %said;
        my $run = sub {
            my ($name, $want, @arguments) = @_;
            my ($status, $out, $err) = case_run($case, @arguments);
            like($status, $want, "$name: status $status") or diag $err;
            $name =~ s/ \d+\z//; # the phases of a command are searched together
            $said{"$name, standard output"} .= $out;
            $said{"$name, standard error"} .= $err;
        };
        $run->('check', qr/^1$/, 'check');
        $run->('check --json -v', qr/^1$/, 'check', '--json', '-v');
        $run->('run -v, log lines in JSON', qr/^1$/, 'run', '-v', '--log-format', 'json');
        $run->('run --json', qr/^1$/, 'run', '--json');
        $run->('run --retry-refused -v', qr/^1$/, 'run', '--retry-refused', '-v');
        # Of a run that reads the whole input: a stopped one may not reach the broken row.
        my $report = "$case->{folder}/reports/test";
        my ($rejects, $broken) = map { gunzipped("$report/$_.csv.gz") } qw(rejects broken);
        is((stat "$report/$_")[2] & 07777, 0600, "$_ is for its owner") for qw(rejects.csv.gz broken.csv.gz);
        $run->('status', qr/^[01]$/, 'status');
        $run->('status --json', qr/^[01]$/, 'status', '--json');
        $run->('status --verify', qr/^[0-5]$/, 'status', '--verify', '-v');
        $run->('status --against-provider', qr/^[01245]$/, 'status', '--against-provider', '-v');
        $run->('results', qr/^0$/, 'results');
        $run->('results in NDJSON', qr/^0$/, 'results', '--format', 'ndjson');
        $run->('settle', qr/^[01]$/, 'settle', '--key', 'key-04', '--absent');
        $run->('settle, nobody', qr/^[01]$/, 'settle', '--key', 'key-99', '--user', 'user-99');
        $run->("explain --row $_", qr/^[01]$/, 'explain', '--row', $_, '-v') for 1 .. 7;
        $run->('explain --key', qr/^[01]$/, 'explain', '--key', 'key-03');
        $run->('probe', qr/^[01]$/, 'probe', '-v');
        $run->('probe --json', qr/^[01]$/, 'probe', '--json');
        # What follows the creates. The server answers each phase in other ways.
        my ($creates) = map { $_->[0] } case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'created'");
        cmp_ok($creates, '>=', 2, 'users were created');
        my $refusals = 0;
        for my $phase (0 .. 3) {
            write_file("$folder/phase", $phase);
            $run->("refresh $phase", qr/^[014]$/, 'refresh', '-v', '--log-format', $phase % 2 ? 'json' : 'text');
            $run->("refresh --json $phase", qr/^[014]$/, 'refresh', '--json', '--only', 'action_needed,pending,unknown') if $phase < 2;
            $run->("links $phase", $documents ? qr/^2$/ : qr/^[014]$/, 'links', '-v', '--only', 'unknown,pending,action_needed', $phase % 2 ? ('--log-format', 'json') : ('--retry-refused'));
            $run->("documents $phase", $documents ? qr/^[014]$/ : qr/^2$/, 'documents', '-v', $phase % 2 ? '--json' : '--retry-refused');
            $refusals ||= (case_ledger($case, "SELECT count(*) FROM task WHERE state <> 'done'"))[0][0];
        }
        $run->('results with states', qr/^0$/, 'results', '--verification', 'action_needed,pending', '--format', 'ndjson');
        $run->('status with states', qr/^[01]$/, 'status');
        $run->('status with states --against-provider', qr/^[014]$/, 'status', '--against-provider', '-v');
        # The ledger is lost; the provider shows its users, and in the end quotes them.
        my $lost = {%$case, folder => "$folder/lost"};
        mkdir $lost->{folder};
        write_file("$lost->{folder}/$_", read_file("$case->{folder}/$_")) for qw(job.yaml export.csv);
        my $users_of = read_file("$folder/body-12");
        write_file("$folder/body-12", $users_of =~ s/Zqf/Zqother F/r); # one user differs
        for my $phase (0, 3, 2) {
            write_file("$folder/phase", $phase);
            for my $command (['adopt', '-v', '--dry-run'], ['check', '--against-provider', '-v'], ['adopt', '-v'], ['adopt', '--json']) {
                my ($status, $out, $err) = case_run($lost, @$command);
                like($status, $documents ? qr/^[12]$/ : qr/^[0145]$/, "@$command, phase $phase: status $status") or diag $err;
                $said{"@$command"} .= "$out$err";
            }
        }
        write_file("$folder/body-12", $users_of);
        unlink "$folder/phase";
        $run->('a job that is wrong', qr/^2$/, 'run', '--set', 'delivery.rtae=1/s');
        ($said{'guess, standard output'}, $said{'guess, standard error'}) = (run_program(program('kyc-import'), 'guess', "$case->{folder}/export.csv", '--provider', $provider))[1, 2];
        write_file("$folder/stop", '');
        write_file("$case->{folder}/export.csv", encode_utf8(join '', map { "$_\n" } $header, map { s/^key/new/r } @rows));
        $run->('a run that is stopped', qr/^4$/, 'run', '-v');
        $run->('a probe that is refused', qr/^1$/, 'probe');
        for my $command ($documents ? 'documents' : 'links', 'refresh') {
            $run->("$command that is stopped", qr/^[014]$/, $command, '-v');
        }
        hostile_end($server);
        $run->('backup', qr/^0$/, 'backup', "$case->{folder}/copy");
        $run->('backup --json', qr/^0$/, 'backup', "$case->{folder}/copy2", '--json', '-v');
        $run->('forget', qr/^[01]$/, 'forget', '--key', 'key-02', '-v');
        $run->('forget --json', qr/^[01]$/, 'forget', '--key', 'key-06', '--json');

        my ($dumped, $dump) = run_program('sqlite3', '-readonly', "$case->{folder}/test.ledger", '.dump');
        my $key = read_file("$case->{folder}/test.ledger.key") =~ s/\s+\z//r;
        my @secrets = secrets($server, $provider);
        my @digest_key = (['digest key', {%{forms($key)}, raw => [pack('H*', $key), 1]}]);
        my @personal = map { my %marks = marks($_); map { my $name = $_; map { [$name, forms($_)] } @{$marks{$name}} } sort keys %marks } @people;

        push @personal, map { link_marks($_) } 1 .. ROWS;
        my %place = %said;
        for my $name (grep { -f && !/(?:job\.yaml|export\.csv|rejects\.csv\.gz|broken\.csv\.gz|\.key)$/ } split /\n/, (run_program('find', "$lost->{folder}"))[1]) {
            $place{"lost ledger, $name"} = read_file($name);
        }
        for my $name (grep { -e "$report/$_" } qw(refresh.json refresh.html adopt.json)) {
            $place{"report, $name"} = read_file("$report/$name");
            unlike($place{"report, $name"}, qr/key-\d\d|user-of-customer/, "$name names no customer") if $name =~ /^refresh/;
        }
        my $links = "$report/links.csv";
        if (!$documents) {
            my $text = read_file($links);
            is((stat $links)[2] & 07777, 0600, 'links.csv is for its owner');
            cmp_ok(scalar(() = $text =~ m{^key-\d\d,user-of-customer-\d\d,https://verify\.example/zqlink}mg), '>=', 1, 'and has the links');
            my @people_alone = grep { $_->[0] !~ /^link/ } @personal;
            is_clean($text, search_for(@secrets, @digest_key, @people_alone), 'but no personal data');
        } else {
            ok(!-e $links, 'no links.csv');
        }
        $place{"ledger, $_"} = read_file("$case->{folder}/test.ledger$_") for grep { -e "$case->{folder}/test.ledger$_" } '', '-wal', '-shm', '.lock';
        $place{'ledger, as SQL'} = $dump;
        $place{"report, $_"} = read_file("$report/$_") for 'check/metrics.prom', map { ($_, "check/$_") } qw(summary.json report.html);
        $place{"metrics, $_"} = read_file($_) for glob "$case->{folder}/metrics/*";
        $place{"head file $_"} = read_file($_) for "$case->{folder}/test.ledger.head", glob "$report/ledger-*.head";
        $place{'names of files'} = join "\n", run_program('find', "$case->{folder}");
        $place{'locks of API keys'} = join '', map { eval { read_file($_) } // '' } glob '/run/lock/kyc-import-* /var/lock/kyc-import-* /tmp/kyc-import-*.lock';
        my $told = read_file("$case->{folder}/told");
        cmp_ok(scalar(() = $told =~ /^\{"notification":1/mg), '>=', 8, 'each run, refresh, links and documents was notified');
        like($told, qr/"status":4,/, 'a stop, too');
        unlike($told, qr/(?:key|new)-\d\d|user-of-customer/i, 'no notification names a customer');
        $place{notifications} = $told;
        $place{'environment and command lines of a notification'} = read_file("$case->{folder}/told.beside");
        unlike($place{'environment and command lines of a notification'}, qr/(?:key|new)-\d\d|user-of-customer/i, 'nor what its program sees');
        my @history = grep { -f } split /\n/, (run_program('find', "$report/history"))[1];
        cmp_ok(scalar(grep { /report\.html$/ } @history), '>=', 3, 'runs are kept');
        for my $name (@history) {
            if ($name =~ /(?:rejects|broken)/) {
                is((stat $name)[2] & 07777, 0600, "$name is for its owner");
            } else {
                $place{$name} = read_file($name);
            }
        }
        $place{$_} = read_file($_) for grep { -f && !/\.key$/ } glob "$case->{folder}/copy*";
        is((stat "$case->{folder}/$_")[2] & 07777, 0600, "$_ is for its owner") for qw(copy copy2 copy.key);
        cmp_ok(length $dump, '>', 10_000, 'the ledger holds something');
        my ($reasons) = case_ledger($case, "SELECT count(*) FROM customer WHERE verification_reason LIKE '%‹%'");
        cmp_ok($reasons->[0], '>=', 1, 'reasons were masked');
        cmp_ok($refusals, '>=', 1, 'links or documents were refused, or are in doubt');
        ok(grep({ !$documents && -s $_ } glob "$lost->{folder}/test.ledger") || $documents, 'a ledger was adopted');
        my ($refused) = case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'refused' AND length(message) > 20");
        cmp_ok($refused->[0], '>', 4, 'the provider was quoted');
        my $search = search_for(@secrets, @digest_key, @personal);
        is_clean($place{$_}, $search, "$_: neither secret nor personal data") for sort keys %place;
        is_clean($_->[1], search_for(@secrets, @digest_key), "$_->[0]: no secret") for ['rejects', $rejects], ['broken', $broken];
        cmp_ok(scalar found($rejects, search_for(@personal)), '>', 20, 'the rejects hold the people, as they must');
        is((stat $report)[2] & 07777, 0700, 'and so is the folder');
        is((stat "$case->{folder}/test.ledger.key")[2] & 07777, 0600, 'the digest key too');

        # The search itself: a leak of each kind, planted in a copy of clean files, is found.
        my $clean = $place{'run -v, log lines in JSON, standard error'} . $dump;
        my %planted = ('a name in capitals' => encode_utf8(uc $people[2]{family}), 'an e-mail in a URL' => percent($people[3]{email}), 'a phone' => $people[4]{phone},
            'a birth date' => join('/', reverse @{$people[5]{day}}), 'a street in base64' => encode_base64("at $people[6]{street}", ''), 'a name in JSON' => json_escaped($people[7]{family}),
            'the digest key' => uc $key, map { ("a secret ($_)" => ($server->{out} =~ /: \Q$provider\E: .*?\b$_ (\S+?)(?:,|\n)/)[0]) } ($server->{out} =~ /: \Q$provider\E: (.*)/)[0] =~ /(?:^|, )(\w+) /g);
        ok(!occurs($clean, $search), 'what they are planted in is clean');
        ok(occurs("$clean\n$planted{$_}\n", $search), "the search finds $_") for sort keys %planted;
        return {};
    }};
} provider_names());
done_testing;
