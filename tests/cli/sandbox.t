#!/usr/bin/perl
# kyc-sandbox: what it accepts and refuses, its faults, its counters and its state file.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use JSON::PP;
use KycTest;
use Test::More;
use Time::HiRes qw(sleep time);

my $users = '/payward/v1/users';
my $json = JSON::PP->new->utf8->canonical;

sub create
{
    my ($sb, $body, %option) = @_;
    return signed_request($sb, 'POST', $users, $body, %option);
}

sub counts { return sandbox_counts($_[0])->{payward}; }

sub error_of { return $_[0]{json}{error} ? $_[0]{json}{error}[0] : ''; }

# the first error as CODE FIELD
sub fault_of
{
    my ($answer) = @_;
    my $first = ($answer->{json}{errors} || [{}])->[0];
    return join ' ', grep { defined && length } @$first{qw(code field)};
}

# waits for a condition that will hold soon
sub wait_until
{
    my ($condition) = @_;
    my $give_up = time + 20;
    sleep 0.02 while !$condition->() && time < $give_up;
}

# the users as a restart keeps them: without the number of repeated creates
sub kept { return map { delete $_->{creates}; $_ } sandbox_users($_[0]); }

# the text of a signed create, to send over a raw socket
sub raw_create
{
    my ($sb, $body) = @_;
    my $bytes = $json->encode($body);
    my $headers = signed_headers($sb, $users, $bytes);
    return "POST $users HTTP/1.1\r\nHost: sandbox\r\n" . join('', map { "$_: $headers->{$_}\r\n" } sort keys %$headers)
        . 'Content-Length: ' . length($bytes) . "\r\n\r\n$bytes";
}

sub raw_connect
{
    my ($sb) = @_;
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $sb->{port}) || die "connect: $!";
}

subtest 'the command line' => sub {
    my ($status, $out, $err) = run_program(program('kyc-sandbox'), '--help');
    is $status, 0, '--help ends with status 0';
    like $out, qr/^usage: kyc-sandbox.*--nonce-window/s, '--help lists the options';
    is $err, '', '--help prints nothing on standard error';
    my @wrong = (
        ['an address that is not loopback', qr/not a loopback/, '--listen', '0.0.0.0:0'],
        ['another machine\'s address', qr/not a loopback/, '--listen', '192.0.2.1:8780'],
        ['an address without a port', qr/ADDRESS:PORT/, '--listen', '127.0.0.1'],
        ['a port out of range', qr/ADDRESS:PORT/, '--listen', '127.0.0.1:65536'],
        ['a rate without its unit', qr/N\/s/, '--rate', '50'],
        ['a latency upside down', qr/20ms\.\.80ms/, '--latency', '80ms..20ms'],
        ['a fault that it does not know', qr/status-500/, '--fault', 'explode:5%'],
        ['a share above all', qr/share/, '--fault', 'drop:101%'],
        ['shares above all together', qr/100%/, '--fault', 'drop:60%', '--fault', 'slow:60%'],
        ['an option that it does not know', qr/--help/, '--listn', '127.0.0.1:0'],
        ['an argument', qr/--help/, 'payward'],
    );
    for my $case (@wrong) {
        my ($sentence, $message, @options) = @$case;
        ($status, $out, $err) = run_program(program('kyc-sandbox'), @options);
        is $status, 2, "$sentence is status 2";
        like $err, $message, "$sentence: the message helps";
    }
};

subtest 'a create' => sub {
    my $sb = sandbox_start();
    my @keys = sandbox_keys($sb);
    is scalar @keys, 2, 'two demo keys are printed';
    my $body = payward_body('customer-1');
    my $answer = create($sb, $body);
    is $answer->{status}, 201, 'a signed create is 201';
    my $id = $answer->{json}{data}{id};
    like $id, qr/^AA[A-Z0-9]{14}$/, 'the id is AA and 14 capitals or digits';
    is $answer->{json}{data}{accounts}[0]{name}, 'main', 'there is a main account';
    like $answer->{json}{data}{accounts}[0]{id}, qr/^[A-Z0-9]{16}$/, 'the account has an id';
    like $answer->{headers}{'x-trace-id'}, qr/^[0-9a-f]{16}$/, 'the answer has an x-trace-id';

    $answer = create($sb, $body);
    is $answer->{status}, 200, 'a repeat is 200';
    is $answer->{json}{data}{id}, $id, 'a repeat gives the same user';
    $answer = create($sb, payward_body('customer-1', phone => '+442079460000', email => 'new@example.com'));
    is $answer->{status}, 200, 'a repeat with other data is 200';
    is $answer->{json}{data}{id}, $id, 'a repeat with other data gives the same user';
    my @all = sandbox_users($sb);
    is scalar @all, 1, 'repeats make no user';
    is_deeply $all[0], {external_id => 'customer-1', id => $id, email => $body->{email}, creates => 3, updates => 0,
            state => 'unverified', links => 0, documents => 0, body => $body}, 'the first data stays, and repeats are counted';

    $answer = create($sb, payward_body('customer-2', email => 'CUSTOMER-1@Example.com'));
    is $answer->{status}, 422, 'an e-mail that another user has is 422';
    is fault_of($answer), 'email_taken', 'and says so';
    $answer = create($sb, payward_body('customer-2'), key => $keys[1][0], secret => $keys[1][1]);
    is $answer->{status}, 201, 'the second key makes users too';
    isnt $answer->{json}{data}{id}, $id, 'another customer is another user';

    $answer = signed_request($sb, 'GET', "$users/$id");
    is $answer->{status}, 200, 'a user can be looked up by id';
    is $answer->{json}{data}{external_reference}, 'customer-1', 'and is the one that was made';
    is signed_request($sb, 'GET', "$users/AA00000000000000")->{status}, 404, 'an unknown id is 404';
    is signed_request($sb, 'PUT', "$users/$id", {phone => '+442079460000'})->{status}, 405, 'PUT is 405';
    is signed_request($sb, 'GET', $users)->{status}, 405, 'there is no list of users';
    is signed_request($sb, 'POST', '/payward/users', $body)->{status}, 404, 'an unknown path is 404';

    my $counts = counts($sb);
    is $counts->{users}, 2, 'users are counted';
    is $counts->{requests}, 10, 'requests are counted';
    is_deeply $counts->{by_status}, {200 => 3, 201 => 2, 404 => 2, 405 => 2, 422 => 1}, 'answers by status';
    is $counts->{complaints}, 5, 'each 4xx is a complaint';
    is $counts->{duplicates}, 0, 'no customer owns two users';
    is $counts->{in_flight}, 0, 'nothing is in flight';
    is $counts->{max_in_flight}, 1, 'one request at a time was seen';
    sandbox_reset($sb);
    $counts = counts($sb);
    is $counts->{requests}, 0, 'a reset sets the counters to zero';
    is $counts->{users}, 2, 'a reset leaves the users';
    is sandbox_stop($sb), 0, 'SIGTERM ends it with status 0';
};

subtest 'signatures and nonces' => sub {
    my $sb = sandbox_start();
    my @keys = sandbox_keys($sb);
    my $body = $json->encode(payward_body('signed-1'));
    my $good = signed_headers($sb, $users, $body);
    my @cases = (
        ['an unknown key', 'EAPI:Invalid key', key => 'demo-payward-key-9'],
        ['a wrong secret', 'EAPI:Invalid signature', secret => $keys[1][1]],
        ['a signature of something else', 'EAPI:Invalid signature', sign => $good->{'API-Sign'}],
        ['a nonce with a sign', 'EAPI:Invalid nonce', nonce => '+5'],
        ['a nonce that is not decimal', 'EAPI:Invalid nonce', nonce => '1e9'],
        ['a nonce with a leading zero', 'EAPI:Invalid nonce', nonce => '012'],
        ['a nonce above 64 bits', 'EAPI:Invalid nonce', nonce => '18446744073709551616'],
    );
    for my $case (@cases) {
        my ($sentence, $error, %option) = @$case;
        my $answer = create($sb, $body, %option);
        is $answer->{status}, 401, "$sentence is 401";
        is error_of($answer), $error, "$sentence: $error";
    }
    my $http = HTTP::Tiny->new(proxy => undef, http_proxy => undef);
    for my $name ('API-Key', 'API-Nonce', 'API-Sign') {
        my %headers = %{signed_headers($sb, $users, $body)};
        delete $headers{$name};
        is $http->post($sb->{url} . $users, {headers => \%headers, content => $body})->{status}, 401,
            "a request without $name is 401";
    }
    for my $edit (['without its padding', sub { substr $_[0], 0, 86 }], ['with more behind it', sub { "$_[0]A" }],
        ['in lower case', sub { lc $_[0] }]) {
        my $headers = signed_headers($sb, $users, $body);
        $headers->{'API-Sign'} = $edit->[1]->($headers->{'API-Sign'});
        is $http->post($sb->{url} . $users, {headers => $headers, content => $body})->{status}, 401,
            "the right signature $edit->[0] is 401";
    }
    is $http->post("$sb->{url}$users?page=1", {headers => signed_headers($sb, $users, $body), content => $body})
        ->{status}, 401, 'the query is signed too';
    is $http->post($sb->{url} . $users, {headers => signed_headers($sb, $users, $body), content => "$body "})->{status},
        401, 'each byte of the body is signed';
    is_deeply [@{counts($sb)}{qw(users bad_keys bad_signatures bad_nonces complaints)}], [0, 2, 8, 5, 15],
        'all that is counted by its kind, and nothing was made';

    is create($sb, $body, nonce => 1000)->{status}, 201, 'the first nonce of a key may be anything';
    is create($sb, $body, nonce => 1000)->{status}, 401, 'the same nonce again is refused';
    is create($sb, $body, nonce => 999)->{status}, 401, 'a lower nonce is refused';
    is create($sb, $body, nonce => 2000, secret => $keys[1][1])->{status}, 401, 'a wrong signature is refused';
    is create($sb, $body, nonce => 1001)->{status}, 200, 'and does not use its nonce up';
    is create($sb, $body, nonce => 5, key => $keys[1][0], secret => $keys[1][1])->{status}, 200,
        'each key has nonces of its own';
    is create($sb, $body, nonce => '18446744073709551615')->{status}, 200, 'the highest nonce is accepted';
    is create($sb, $body, nonce => 1002)->{status}, 401, 'no nonce is accepted after the highest';
    sandbox_stop($sb);

    $sb = sandbox_start('--nonce-window', 10);
    is create($sb, $body, nonce => 100)->{status}, 201, 'with a window: a first nonce';
    is create($sb, $body, nonce => 90)->{status}, 200, 'one at the edge of the window is accepted';
    is create($sb, $body, nonce => 90)->{status}, 401, 'but only once';
    is create($sb, $body, nonce => 89)->{status}, 401, 'one below the window is refused';
    is create($sb, $body, nonce => 99)->{status}, 200, 'one within the window is accepted';
    is create($sb, $body, nonce => 105)->{status}, 200, 'the window moves with the highest';
    is create($sb, $body, nonce => 94)->{status}, 401, 'and leaves what is below';
    is create($sb, $body, nonce => 100)->{status}, 401, 'a used nonce stays used';
    sandbox_stop($sb);
};

subtest 'bodies' => sub {
    my $sb = sandbox_start();
    my $number = 0;
    my $name = sub { return {first_name => 'Alex', last_name => 'Morgan', @_}; };
    my $birth = sub { return {date => '1990-04-15', city => 'Lyon', country => 'FR', @_}; };
    my $home = sub { return {line1 => '1 Market St', city => 'Lyon', postal_code => '69001', country => 'FR', @_}; };
    my $identifier = sub {
        return {type => 'concat', value => '19800113JOHN#SMITH', calculated_at => '2026-01-02T03:04:05Z', @_};
    };
    my @good = (
        ['names beyond ASCII', full_name => $name->(first_name => "Zo\x{eb}", middle_name => "\x{4e2d}")],
        ['all optional members', employer_name => 'Example Ltd', language => 'en', client_identifier => $identifier->(),
            tax_ids => [{id => '12', issuing_country => 'US'}], residence => $home->(line2 => 'b', province => 'c')],
        ['null where the page has it', employer_name => undef, tax_ids => undef, language => undef],
        ['a nationality beyond ISO 3166', nationalities => ['FR', 'XK', '0C']],
        ['a phone without a plus', phone => '442079460000'],
        ['a leap day', birth => $birth->(date => '2000-02-29')],
        ['an e-mail with a tag', email => 'a.b+tag@sub.example.com'],
        ['a CONCAT with a country', client_identifier => $identifier->(value => 'FR19800113JOHN#SMITH')],
    );
    for my $case (@good) {
        my ($sentence, %more) = @$case;
        is create($sb, payward_body('good-' . ++$number, %more))->{status}, 201, "$sentence: 201";
    }
    my @bad = (
        ['an unknown member', 400, 'unknown_member nickname', nickname => 'x'],
        ['an unknown inner member', 400, 'unknown_member birth.place', birth => $birth->(place => 'x')],
        ['a number for a string', 400, 'invalid_type phone', phone => 14155550110],
        ['null for a name', 400, 'invalid_type full_name.middle_name', full_name => $name->(middle_name => undef)],
        ['a string for a list', 400, 'invalid_type nationalities', nationalities => 'FR'],
        ['a list for an object', 400, 'invalid_type birth', birth => []],
        ['no nationality', 422, 'empty nationalities', nationalities => []],
        ['a nationality that is none', 422, 'invalid_format nationalities.1', nationalities => ['FR', 'ZZ']],
        ['a nationality of three letters', 422, 'invalid_format nationalities.0', nationalities => ['FRA']],
        ['a country in lower case', 422, 'invalid_format residence.country', residence => $home->(country => 'fr')],
        ['a country that is only a nationality', 422, 'invalid_format residence.country',
            residence => $home->(country => 'EU')],
        ['a day that does not exist', 422, 'invalid_format birth.date', birth => $birth->(date => '2001-02-29')],
        ['a birth in the future', 422, 'invalid_format birth.date', birth => $birth->(date => '2999-01-01')],
        ['a date in another order', 422, 'invalid_format birth.date', birth => $birth->(date => '15/04/1990')],
        ['a date with a time', 422, 'invalid_format birth.date', birth => $birth->(date => '1990-04-15T00:00:00Z')],
        ['an e-mail without @', 422, 'invalid_format email', email => 'example.com'],
        ['an e-mail without a dot', 422, 'invalid_format email', email => 'a@localhost'],
        ['an e-mail with a blank', 422, 'invalid_format email', email => 'a b@example.com'],
        ['an e-mail with two dots', 422, 'invalid_format email', email => 'a..b@example.com'],
        ['an e-mail with a bad label', 422, 'invalid_format email', email => 'a@-example.com'],
        ['a domain that is not ASCII', 422, 'invalid_format email', email => "a\@ex\x{e4}mple.com"],
        ['a phone with blanks', 422, 'invalid_format phone', phone => '+1 415 555 0110'],
        ['a phone with a leading zero', 422, 'invalid_format phone', phone => '+0415555011'],
        ['a phone of 16 digits', 422, 'invalid_format phone', phone => '+1234567890123456'],
        ['an occupation of its own', 422, 'invalid_option occupation', occupation => 'astronaut'],
        ['an empty name', 422, 'invalid_format full_name.last_name', full_name => $name->(last_name => '')],
        ['a name of blanks', 422, 'invalid_format full_name.last_name', full_name => $name->(last_name => '  ')],
        ['a control character', 422, 'invalid_format residence.city', residence => $home->(city => "a\tb")],
        ['a reference with a blank in front', 422, 'invalid_format external_reference', external_reference => ' x'],
        ['a reference of 129 bytes', 422, 'invalid_format external_reference', external_reference => 'x' x 129],
        ['a reference beyond ASCII', 422, 'invalid_format external_reference', external_reference => "\x{e9}"],
        ['a language in capitals', 422, 'invalid_format language', language => 'EN'],
        ['a language that is none', 422, 'invalid_format language', language => 'qq'],
        ['a tax id without its country', 400, 'required tax_ids.0.issuing_country', tax_ids => [{id => '1'}]],
        ['an identifier of another type', 422, 'invalid_option client_identifier.type',
            client_identifier => $identifier->(type => 'lei')],
        ['a CONCAT in lower case', 422, 'invalid_format client_identifier.value',
            client_identifier => $identifier->(value => '19800113john#smith')],
        ['a CONCAT padded in front', 422, 'invalid_format client_identifier.value',
            client_identifier => $identifier->(value => '19800113#JOHNSMITH')],
        ['a time without a zone', 422, 'invalid_format client_identifier.calculated_at',
            client_identifier => $identifier->(calculated_at => '2026-01-02T03:04:05')],
    );
    for my $case (@bad) {
        my ($sentence, $status, $fault, %more) = @$case;
        my $answer = create($sb, payward_body('bad-' . ++$number, %more));
        is $answer->{status}, $status, "$sentence is $status";
        is fault_of($answer), $fault, "$sentence: $fault";
    }
    for my $member (qw(email external_reference full_name birth residence phone nationalities occupation)) {
        my $body = payward_body('bad-' . ++$number);
        delete $body->{$member};
        my $answer = create($sb, $body);
        is "$answer->{status} " . fault_of($answer), "400 required $member", "$member is required";
    }
    for my $inner (qw(full_name.first_name full_name.last_name birth.date birth.city birth.country residence.line1
        residence.city residence.postal_code residence.country)) {
        my $body = payward_body('bad-' . ++$number);
        my ($outer, $member) = split /\./, $inner;
        delete $body->{$outer}{$member};
        my $answer = create($sb, $body);
        is "$answer->{status} " . fault_of($answer), "400 required $inner", "$inner is required";
    }
    my $good = $json->encode(payward_body('text'));
    is create($sb, $good, content_type => 'text/plain')->{status}, 415, 'another Content-Type is 415';
    is create($sb, $good, content_type => 'application/json; charset=utf-8')->{status}, 201, 'with a charset it is fine';
    is create($sb, 'no json')->{status}, 400, 'what is not JSON is 400';
    is create($sb, '["a list"]')->{status}, 400, 'what is not an object is 400';
    is create($sb, substr $good, 0, -1)->{status}, 400, 'JSON cut short is 400';
    is create($sb, "$good,")->{status}, 400, 'something behind the JSON is 400';
    (my $twice = $good) =~ s/\}$/,"phone":"+442079460000"}/;
    is create($sb, $twice)->{status}, 400, 'a member named twice is 400';
    is create($sb, 'x' x (1024 * 1024 + 1))->{status}, 413, 'a body over 1 MiB is 413';
    is counts($sb)->{users}, @good + 1, 'nothing was made of what was refused';
    sandbox_stop($sb);
};

subtest 'faults' => sub {
    my $sb = sandbox_start('--slow-for', '1s');
    my $made = sub {
        my ($reference) = @_;
        return scalar grep { $_->{external_id} eq $reference } sandbox_users($sb);
    };
    my @cases = (
        # kind, the client's status, its content, whether the request is handled
        ['status-401', 401, qr/not known, this once/, 0],
        ['status-500', 500, qr/internal/, 0],
        ['status-503', 503, qr/unavailable/, 0],
        ['retry-after', 503, qr/come back later/, 0],
        ['status-429', 429, qr/Rate limit/, 0],
        ['status-422', 422, qr/cannot be processed/, 0],
        ['reset', 599, qr/reset by peer/, 0],
        ['drop', 599, qr/Unexpected end of stream/, 1],
        ['garbage', 200, qr/^<html>/, 1],
        ['truncate', 599, qr/Unexpected end of stream/, 1],
    );
    for my $case (@cases) {
        my ($kind, $status, $content, $done) = @$case;
        sandbox_faults($sb, "$kind:x1");
        my $answer = create($sb, payward_body("fault-$kind"));
        is $answer->{status}, $status, "$kind: the client sees $status";
        like $answer->{content}, $content, "$kind: and what it should";
        is $answer->{headers}{'retry-after'}, $kind =~ /^(status-429|retry-after)$/ ? 1 : undef, "$kind: Retry-After";
        is $made->("fault-$kind"), $done, "$kind: the work is " . ($done ? 'done' : 'not done');
        $answer = create($sb, payward_body("fault-$kind"));
        is $answer->{status}, $done ? 200 : 201, "$kind: x1 applies once, and a repeat succeeds";
    }
    sandbox_faults($sb, 'slow:x1');
    my $answer = create($sb, payward_body('fault-slow'), timeout => 0.1);
    like $answer->{content}, qr/Timed out/, 'slow: the client gives up';
    is $made->('fault-slow'), 0, 'slow: it is not handled before that';
    wait_until(sub { $made->('fault-slow') });
    is $made->('fault-slow'), 1, 'slow: but after it';
    my $counts = counts($sb);
    is_deeply $counts->{faults}, {map { $_ => 1 } 'slow', map { $_->[0] } @cases}, 'faults are counted by kind';
    is $counts->{complaints}, 0, 'no fault is a complaint';
    is $counts->{duplicates}, 0, 'repeats made no second user';
    is $counts->{in_flight}, 0, 'nothing is left in flight';
    is eval { sandbox_faults($sb, 'explode:1'); 1 }, undef, 'an unknown fault is refused at run time too';
    sandbox_faults($sb, 'status-500:100%');
    is counts($sb)->{users}, @cases + 1, 'faults leave the sandbox\'s own paths alone';
    is create($sb, payward_body('always'), sign => 'x')->{status}, 401, 'a bad signature is reported before any fault';
    is create($sb, payward_body('always'))->{status}, 500, 'a share of 100% always applies';
    sandbox_faults($sb);
    is create($sb, payward_body('always'))->{status}, 201, 'faults can be removed';
    sandbox_stop($sb);

    my @runs;
    for my $seed (7, 7, 8) {
        $sb = sandbox_start('--fault', 'status-500:0.3', '--fault', 'status-503:20%', '--seed', $seed);
        push @runs, join ' ', map { create($sb, payward_body("seed-$_"))->{status} } 1 .. 40;
        sandbox_stop($sb);
    }
    is $runs[0], $runs[1], 'the same seed gives the same faults';
    isnt $runs[0], $runs[2], 'another seed gives others';
    like $runs[0], qr/(?=.*201)(?=.*500)(?=.*503)/, 'a share applies to some requests and not to others';
};

subtest 'rate and latency' => sub {
    my ($sb, $answer, @status);
    for (1 .. 20) {
        $sb = sandbox_start('--rate', '5/s');
        my $began = time;
        @status = map { create($sb, payward_body("rate-$_"))->{status} } 1 .. 8;
        $answer = create($sb, payward_body('rate-9'));
        last if time - $began < 1;
        sandbox_stop($sb);    # they were not within a second, on a machine that is busy
    }
    is "@status", '201 201 201 201 201 429 429 429', 'what is above the rate is 429';
    is $answer->{headers}{'retry-after'}, 1, 'with Retry-After';
    my $counts = counts($sb);
    is $counts->{over_limit}, 4, 'requests over the limit are counted';
    is $counts->{max_per_second}, 9, 'the maximum in a second is counted';
    is $counts->{complaints}, 0, 'the limit is no complaint';
    sleep 1.01;
    is create($sb, payward_body('rate-9'))->{status}, 201, 'a second later there is room again';
    sandbox_stop($sb);

    $sb = sandbox_start('--latency', '2s..2s', '--nonce-window', 10_000_000_000);
    my $started = time;
    my @sockets = map { raw_connect($sb) } 1 .. 12;
    my $number = 0;
    print {$_} raw_create($sb, payward_body('slow-' . ++$number)) for @sockets;
    my @lines = map { my $line = readline $_; $line } @sockets;
    my $seconds = time - $started;
    is scalar(grep { /^HTTP\/1.1 201/ } @lines), 12, 'twelve requests at once are all answered';
    cmp_ok $seconds, '>=', 2, 'none of them before the latency';
    cmp_ok $seconds, '<', 16, 'and none waits for another';
    is counts($sb)->{max_in_flight}, 12, 'the maximum in flight is counted';
    sandbox_stop($sb);
};

subtest 'connections' => sub {
    my $sb = sandbox_start();
    my $socket = raw_connect($sb);
    for my $n (1 .. 3) {
        print {$socket} raw_create($sb, payward_body("kept-$n"));
        my ($head, $len) = ('');
        while (my $line = readline $socket) {
            $head .= $line;
            $len = $1 if $line =~ /^content-length: (\d+)/i;
            last if $line eq "\r\n";
        }
        my $content;
        read $socket, $content, $len;
        like $head, qr/^HTTP\/1.1 201/, "request $n on one connection is answered";
    }
    print {$socket} substr raw_create($sb, payward_body('cut')), 0, -10;
    close $socket;
    wait_until(sub { counts($sb)->{requests} == 4 });
    my $counts = counts($sb);
    is $counts->{requests}, 4, 'a request that was cut off is counted';
    is $counts->{in_flight}, 0, 'but is not in flight';
    is $counts->{users}, 3, 'and makes no user';
    sandbox_stop($sb);
};

subtest 'state' => sub {
    my $folder = scratch_folder();
    my $file = "$folder/sandbox.state";
    my @same = ('--state', $file, '--listen', '127.0.0.1:' . free_port());
    my $sb = sandbox_start(@same);
    my %id;
    my $pretty = JSON::PP->new->utf8->pretty->encode(payward_body('state-0', employer_name => "\x{2028}\"}\\"));
    $id{'state-0'} = create($sb, $pretty)->{json}{data}{id};
    $id{"state-$_"} = create($sb, payward_body("state-$_"))->{json}{data}{id} for 1 .. 20;
    my $nonce = next_nonce() + 60_000_000_000;
    create($sb, payward_body('state-1'), nonce => $nonce);
    my @before = kept($sb);
    my ($status, $out, $err) = run_program(program('kyc-sandbox'), '--listen', '127.0.0.1:0', '--state', $file);
    is $status, 2, 'a second sandbox on the same state is refused';
    like $err, qr/another sandbox/, 'with the reason';
    sandbox_kill($sb);

    $sb = sandbox_start(@same);
    is_deeply [kept($sb)], \@before, 'all users outlive kill -9, on the same port';
    is create($sb, payward_body('state-7'), nonce => $nonce)->{status}, 401, 'and so does the highest nonce';
    my $answer = create($sb, payward_body('state-7'), nonce => $nonce + 1);
    is "$answer->{status} $answer->{json}{data}{id}", "200 $id{'state-7'}", 'a repeat gives the user of before';
    is create($sb, payward_body('other', email => 'state-3@example.com'), nonce => $nonce + 2)->{status}, 422,
        'an e-mail stays taken';
    is counts($sb)->{duplicates}, 0, 'no customer owns two users';
    is sandbox_stop($sb), 0, 'an orderly end';

    my $whole = read_file($file);
    write_file($file, $whole . '{"api":"payward","external_id":"torn","id":"AA');
    $sb = sandbox_start('--state', $file);
    is_deeply [kept($sb)], \@before, 'a last line that was cut off is dropped';
    is create($sb, payward_body('torn'), nonce => $nonce + 3)->{status}, 201, 'and what follows is written well';
    sandbox_kill($sb);
    $sb = sandbox_start('--state', $file);
    is counts($sb)->{users}, @before + 1, 'as the next start shows';
    sandbox_stop($sb);

    write_file($file, "customer_id,email\n");
    ($status, $out, $err) = run_program(program('kyc-sandbox'), '--listen', '127.0.0.1:0', '--state', $file);
    is $status, 2, 'a file that is something else is refused';
    is read_file($file), "customer_id,email\n", 'and left as it is';
};

subtest 'the end' => sub {
    my $folder = scratch_folder();
    my $sb = sandbox_start('--latency', '60s', '--state', "$folder/state");
    my $socket = raw_connect($sb);
    print {$socket} raw_create($sb, payward_body('held'));
    wait_until(sub { counts($sb)->{in_flight} > 0 });
    sleep 0.1;
    my $started = time;
    is sandbox_stop($sb), 0, 'SIGTERM ends it while a request is delayed';
    cmp_ok time - $started, '<', 10, 'at once';

    $sb = sandbox_start('--slow-for', '60s', '--fault', 'slow:x1', '--state', "$folder/state");
    $socket = raw_connect($sb);
    print {$socket} raw_create($sb, payward_body('too slow'));
    wait_until(sub { counts($sb)->{requests} > 0 });
    sleep 0.1;
    is sandbox_stop($sb), 0, 'and while one is slow';
    $sb = sandbox_start('--state', "$folder/state");
    is_deeply [map { $_->{external_id} } sandbox_users($sb)], ['held'], 'the delayed one was handled, the slow one not';
    is sandbox_kill($sb), 128 + 9, 'a kill is a kill';
};

done_testing;
